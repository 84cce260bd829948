package dev.tanren.trainer.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.ExportLaunch;
import dev.tanren.launch.Lineage;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.Stage;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.testing.SmallPlans;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.objects.StoreAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ModelCardTest {

    private static final String COMMIT = "c0ffee0000000000000000000000000000000001";

    @Test
    void aBaseOfTheHubIsNamedWithTheCommitThatWasFetched() {
        assertThat(card("hf://some-org/a-model@main", COMMIT))
                .contains(
                        "| base | `hf://some-org/a-model@main` at commit `"
                                + COMMIT
                                + "`, SHA-256 over its files `abc`, kept as `models/abc/` |");
    }

    @Test
    void aBaseOfElsewhereHasNoCommit() {
        assertThat(card("s3://corpora/model", null))
                .contains(
                        "| base | `s3://corpora/model`, SHA-256 over its files `abc`, kept as"
                                + " `models/abc/` |");
    }

    @Test
    void tokenizerAndDatasetsAreNamedByTheirHashes() {
        assertThat(card("s3://corpora/model", null))
                .contains("| tokenizer | SHA-256 `def` |")
                .contains("| code | `datasets/123/manifest.json` |");
    }

    private static String card(String uri, @Nullable String commit) {
        TrainedOn trainedOn = trainedOn(uri, commit);
        return ModelCard.of(
                launch(uri, trainedOn),
                new CheckpointManifest(
                        CheckpointManifest.VERSION,
                        "r",
                        "adapt",
                        "short",
                        8,
                        1,
                        1,
                        List.of(),
                        trainedOn,
                        Map.of(),
                        "hash",
                        2.5,
                        "2026-11-24T00:00:00Z"),
                1000);
    }

    private static TrainedOn trainedOn(String uri, @Nullable String commit) {
        return new TrainedOn(
                new TrainedOn.Model(
                        SmallPlans.ARCHITECTURE,
                        new TrainedOn.Tokenizer("models/abc/tokenizer.json", "def"),
                        new TrainedOn.Base(uri, "models/abc/", commit, "abc", List.of())),
                Map.of("code", new TrainedOn.Data("123", "datasets/123/manifest.json", "")));
    }

    private static ExportLaunch launch(String uri, TrainedOn trainedOn) {
        return new ExportLaunch(
                "r",
                "release",
                "unused",
                "unused",
                "unused",
                new StoreAddress("http://127.0.0.1:1", "us-east-1", "unused", "", true),
                new Plan(Plan.API_VERSION, "p", 1, new ModelSource.Base(uri), Map.of(), List.of()),
                "runs/r/adapt/checkpoints/0000000008/manifest.json",
                "runs/r/release/artifacts/",
                List.of(Stage.Format.HUGGINGFACE),
                new Lineage(trainedOn, List.of()));
    }
}
