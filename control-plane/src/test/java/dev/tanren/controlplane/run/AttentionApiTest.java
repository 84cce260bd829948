package dev.tanren.controlplane.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;

import dev.tanren.plan.run.RunState;
import io.quarkus.test.junit.QuarkusTest;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The queue of what needs a person.
@QuarkusTest
class AttentionApiTest extends RunApiTest {

    @Test
    void aFailureNeedsAPersonUntilOneHasPutItAside() {
        String failed = failedRun("seen");
        String other = failedRun("unseen");
        assertThat(waiting()).contains(failed, other);

        as(viewer)
                .contentType("application/json")
                .body("{}")
                .post("/api/v1/attention/" + failed + "/acknowledge")
                .then()
                .statusCode(403);
        for (int time = 0; time < 2; time++) {
            as(operator)
                    .contentType("application/json")
                    .body("{\"reason\":\"a trial of the new corpus\"}")
                    .post("/api/v1/attention/" + failed + "/acknowledge")
                    .then()
                    .statusCode(200)
                    .body("status", equalTo("failed"));
        }

        assertThat(waiting()).contains(other).doesNotContain(failed);
    }

    @Test
    void whatHasNotFailedCannotBePutAside() {
        String id = recordedRun("at-work");
        as(operator)
                .contentType("application/json")
                .post("/api/v1/attention/" + id + "/acknowledge")
                .then()
                .statusCode(409)
                .body("detail", containsString("the run is running"));
    }

    private String failedRun(String name) {
        String id = recordedRun(name);
        projector().become(id, RunState.FAILED);
        return id;
    }

    private List<String> waiting() {
        return as(viewer)
                .get("/api/v1/attention")
                .then()
                .statusCode(200)
                .extract()
                .path("items.id");
    }
}
