package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import dev.tanren.plan.Plan;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.Sha256;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real rank processes against a real S3 server.
class RankProcessTest {

    private static final InitialState FRESH = new InitialState.Random();

    @TempDir static Path folder;
    private static Rig rig;
    private static Reference reference;

    /// The run that all others are compared with: one rank, both phases, undisturbed.
    @BeforeAll
    static void trainOnOneRank() throws Exception {
        rig = Rig.start(folder);
        reference = bothPhases(setting("reference"), 1);
        assertThat(reference.steps()).hasSize(2 * TinyPlan.STEPS_OF_PHASE);
        assertThat(reference.step(12).loss()).isLessThan(reference.step(1).loss());
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    private static Gang.Setting setting(String runId) {
        return rig.setting(runId);
    }

    private static Reference bothPhases(Gang.Setting setting, int ranks) throws Exception {
        Map<Long, Report.StepFinished> steps = new HashMap<>();
        InitialState.Resume middle;
        try (Gang gang = Gang.start(setting, "short", 1, ranks, FRESH)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            steps.putAll(Reference.steps(gang));
            assertThat(gang.reports(Report.Evaluated.class))
                    .filteredOn(report -> report.rank() == 0)
                    .extracting(Report.Evaluated::step)
                    .containsExactly(0L, 4L, 6L);
            middle = gang.commit();
        }
        try (Gang gang = Gang.start(setting, "long", 2, ranks, middle)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            steps.putAll(Reference.steps(gang));
            return new Reference(steps, gang.hash(), gang.commit());
        }
    }

    @Test
    void twoRanksEndWithTheBitsOfOne() throws Exception {
        Reference two = bothPhases(setting("two"), 2);
        reference.assertSame(two.steps());
        assertThat(two.hash()).isEqualTo(reference.hash());
    }

    @Test
    void aRunOnFourRanksGoesOnOnOneWithTheSameBits() throws Exception {
        Gang.Setting setting = setting("four");
        InitialState.Resume middle;
        try (Gang gang = Gang.start(setting, "short", 1, 4, FRESH)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            middle = gang.commit();
        }
        try (Gang gang = Gang.start(setting, "long", 2, 1, middle)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            assertThat(gang.hash()).isEqualTo(reference.hash());
        }
    }

    @Test
    void sigtermLosesNoStep() throws Exception {
        Gang.Setting setting = setting("preempted");
        InitialState.Resume saved;
        try (Gang gang =
                Gang.start(
                        setting,
                        "short",
                        1,
                        2,
                        FRESH,
                        (running, report) -> {
                            if (report instanceof Report.StepFinished step && step.step() == 3) {
                                running.process(step.rank()).destroy();
                            }
                        })) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.PREEMPTED);
            long last =
                    gang.reports(Report.StepFinished.class).stream()
                            .mapToLong(Report.StepFinished::step)
                            .max()
                            .orElseThrow();
            assertThat(gang.reports(Report.Preempted.class))
                    .hasSize(2)
                    .allMatch(report -> report.step() == last);
            assertThat(gang.savedStep()).isEqualTo(last);
            saved = gang.commit();
        }
        try (Gang gang = Gang.start(setting, "short", 2, 2, saved)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            Map<Long, Report.StepFinished> steps = new HashMap<>();
            steps.putAll(Reference.steps(gang));
            assertThat(steps.keySet()).allMatch(step -> step > saved.step());
            reference.assertSame(steps);
        }
    }

    @Test
    void anExportWritesItsListOfFilesLast() throws Exception {
        rig.store()
                .put(
                        "models/tiny/tokenizer.json",
                        "{\"added_tokens\":[{\"id\":0,\"content\":\"<|endoftext|>\"}]}"
                                .getBytes(StandardCharsets.UTF_8));
        String target = "runs/reference/release/artifacts/";
        try (Gang gang =
                Gang.export(
                        setting("reference"),
                        reference.end().manifestKey(),
                        "models/tiny/tokenizer.json",
                        target)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            assertThat(gang.reports(Report.Finished.class).getFirst().results())
                    .containsEntry("weightsSha256", reference.hash())
                    .containsEntry("files", "11");
        }
        JsonNode files =
                Json.mapper().readTree(rig.store().get(target + "manifest.json")).path("files");
        assertThat(files.findValuesAsText("path"))
                .contains("huggingface/model.safetensors", "huggingface/README.md", "djl/model.pt");
        String card =
                new String(
                        rig.store().get(target + "huggingface/README.md"), StandardCharsets.UTF_8);
        assertThat(card)
                .contains("| base | none: fresh weights |")
                .contains("| code | 5.5000 | 8 | 4.2500 | 70.10 |")
                .contains("| code | `" + setting("reference").datasets().get("code") + "` |")
                .contains("libtorch through JavaCPP 2.10");
        assertThat(planOf(card)).isEqualTo(setting("reference").plan());
        for (JsonNode file : files) {
            byte[] bytes = rig.store().get(target + file.path("path").asText());
            assertThat(Sha256.of(bytes)).isEqualTo(file.path("sha256").asText());
        }
    }

    /// What a model's card says was run.
    private static Plan planOf(String card) {
        String begin = "## Plan\n```json\n";
        int from = card.indexOf(begin);
        assertThat(from).as(card).isPositive();
        return Json.read(
                card.substring(from + begin.length(), card.lastIndexOf("```")), Plan.class);
    }

    @Test
    void ranksEndWhenTheirWorkerIsGone() throws Exception {
        try (Gang gang = Gang.start(setting("orphaned"), "short", 1, 1, FRESH)) {
            gang.await(Report.Hello.class::isInstance);
            gang.abandon();
            assertThat(gang.process(0).waitFor(5, TimeUnit.SECONDS)).isTrue();
            assertThat(gang.process(0).exitValue()).isEqualTo(ExitCode.ORPHANED);
        }
    }

    @Test
    void aMissingDatasetIsReportedWithItsCode() throws Exception {
        Gang.Setting setting =
                setting("missing").with(Map.of("code", "datasets/none/manifest.json"));
        try (Gang gang = Gang.start(setting, "short", 1, 1, FRESH)) {
            assertThat(gang.exitCodes()).containsOnly(ExitCode.FAILED);
            assertThat(gang.reports(Report.Failed.class))
                    .extracting(Report.Failed::code)
                    .containsExactly("OBJECT_MISSING");
        }
    }

    @Test
    void anUnreadableLaunchFileIsNamed() throws Exception {
        Path launch = folder.resolve("broken.json");
        Files.writeString(launch, "{}");
        Path log = folder.resolve("broken.log");
        Process process = Gang.process(setting("broken"), RankMain.class.getName(), launch, log);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(ExitCode.MISLAUNCHED);
        assertThat(Files.readString(log)).contains("The rank cannot start");
    }
}
