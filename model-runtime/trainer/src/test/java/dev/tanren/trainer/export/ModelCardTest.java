package dev.tanren.trainer.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.ExportLaunch;
import dev.tanren.launch.Lineage;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.ModelSource;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.plan.Stage;
import dev.tanren.spec.testing.SmallPlans;
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
                                + "`, kept as `models/abc/` |");
    }

    @Test
    void aBaseOfElsewhereHasNoCommit() {
        assertThat(card("s3://corpora/model", null))
                .contains("| base | `s3://corpora/model`, kept as `models/abc/` |");
    }

    @Test
    void anExportThatWasAskedForBeforeCommitsWereKeptStillHasItsCard() {
        String before =
                Json.write(launch("hf://some-org/a-model@main", null))
                        .replace("\"importedCommit\":null,", "");
        assertThat(before).doesNotContain("importedCommit");

        assertThat(card(Json.read(before, ExportLaunch.class)))
                .contains("| base | `hf://some-org/a-model@main`, kept as `models/abc/` |");
    }

    private static String card(String uri, @Nullable String commit) {
        return card(launch(uri, commit));
    }

    private static String card(ExportLaunch launch) {
        return ModelCard.of(
                launch,
                new CheckpointManifest(
                        CheckpointManifest.VERSION,
                        "r",
                        "adapt",
                        "short",
                        8,
                        1,
                        1,
                        List.of(),
                        Map.of(),
                        "hash",
                        2.5,
                        "2026-11-24T00:00:00Z"),
                1000);
    }

    private static ExportLaunch launch(String uri, @Nullable String commit) {
        return new ExportLaunch(
                "r",
                "release",
                "unused",
                "unused",
                "unused",
                new StoreAddress("http://127.0.0.1:1", "us-east-1", "unused", "", true),
                new Plan(Plan.API_VERSION, "p", 1, new ModelSource.Base(uri), Map.of(), List.of()),
                SmallPlans.ARCHITECTURE,
                "runs/r/adapt/checkpoints/0000000008/manifest.json",
                "",
                "runs/r/release/artifacts/",
                List.of(Stage.Format.HUGGINGFACE),
                new Lineage("models/abc/", commit, Map.of(), List.of()));
    }
}
