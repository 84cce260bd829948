package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.tokens.DatasetManifest;
import io.quarkus.test.junit.QuarkusTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What a retry would train on is said beforehand.
@QuarkusTest
class InputsOutlookTest extends ApiTest {

    @Test
    void aRunThatWasNeverPreparedReadsItsSourcesAnew() {
        String id = recordedRun("never-prepared");
        assertThat(inputs(id)).isNull();

        projector().become(id, RunState.FAILED);

        assertThat(inputs(id)).startsWith("Its preparation never came to an end");
        assertThat(recovery(id, "summary"))
                .startsWith("Resumes stage adapt from step 0")
                .endsWith(inputs(id));
    }

    @Test
    void aPreparedRunGoesOnWithWhatIsInTheStoreOrNamesWhatIsGone() {
        String id = recordedRun("prepared");
        String dataset = "datasets/" + id + "/manifest.json";
        String tokenizer = "models/" + id + "/tokenizer.json";
        ModelSource.Fresh model =
                (ModelSource.Fresh) RunFinder.plan(registry.runs().find(id).orElseThrow()).model();
        registry.inputs()
                .fix(
                        id,
                        new TrainedOn(
                                new TrainedOn.Model(
                                        model.architecture(),
                                        new TrainedOn.Tokenizer(tokenizer, "t"),
                                        null),
                                Map.of("code", new TrainedOn.Data("d", dataset, ""))));
        projector().become(id, RunState.CANCELLED);

        assertThat(inputs(id))
                .startsWith("the tokenizer, dataset 'code' are no longer in the store")
                .contains("refused with TNR-2010");
        put(tokenizer, "{}");
        assertThat(inputs(id)).startsWith("dataset 'code' is no longer in the store");
        put(
                dataset,
                Json.write(
                        new DatasetManifest(
                                DatasetManifest.VERSION,
                                "code",
                                "d",
                                9,
                                true,
                                List.of(),
                                List.of(),
                                DatasetManifest.Statistics.of(0, 0))));
        assertThat(inputs(id)).startsWith("Trains on what was prepared when the run began");
    }

    private String inputs(String id) {
        return recovery(id, "inputs");
    }

    private String recovery(String id, String field) {
        return as(token(Role.VIEWER))
                .get("/api/v1/runs/" + id + "/recovery")
                .then()
                .statusCode(200)
                .extract()
                .path(field);
    }

    private void put(String key, String text) {
        store.put(key, text.getBytes(StandardCharsets.UTF_8));
    }
}
