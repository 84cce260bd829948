package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.testing.StageBuilder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A model that hardly changes forgets nothing, whatever the lengths of the phases: real ranks.
class EvaluationLengthTest {

    @TempDir static Path folder;
    private static Rig rig;

    @BeforeAll
    static void start() throws Exception {
        rig = Rig.start(folder);
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    @ParameterizedTest
    @CsvSource({"8, 32", "32, 8", "16, 16"})
    void everyPhaseMeasuresTheSameBlocks(int first, int second) throws Exception {
        Gang.Setting setting =
                rig.setting("lengths-" + first + "-" + second)
                        .with(TinyPlan.plan(stage(first, second)));
        Map<Long, Report.Evaluation> measured = new LinkedHashMap<>();
        InitialState next;
        try (Gang gang = Gang.start(setting, "first", 1, 1, new InitialState.Random())) {
            next = finished(gang, measured);
        }
        try (Gang gang = Gang.start(setting, "second", 2, 2, next)) {
            finished(gang, measured);
        }
        assertThat(measured).containsOnlyKeys(0L, 4L, 6L, 8L, 12L);
        Report.Evaluation before = measured.values().iterator().next();
        assertThat(measured.values())
                .allSatisfy(
                        after -> {
                            assertThat(after.tokens()).isEqualTo(before.tokens());
                            assertThat(after.perplexity() / before.perplexity() - 1)
                                    .isCloseTo(0, within(1e-6));
                        });
    }

    private static InitialState finished(Gang gang, Map<Long, Report.Evaluation> measured)
            throws Exception {
        assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
        for (Report.Evaluated report : gang.reports(Report.Evaluated.class)) {
            Report.Evaluation code = report.datasets().get("code");
            if (report.rank() == 0 && code != null) {
                measured.put(report.step(), code);
            }
        }
        return gang.commit();
    }

    private static TrainingStage stage(int first, int second) {
        return StageBuilder.of(TinyPlan.stage(2))
                .optimizer(StageBuilder.adamW(1e-12))
                .phases(phase("first", first), phase("second", second))
                .build();
    }

    private static TrainingStage.Phase phase(String id, int length) {
        return new TrainingStage.Phase(
                id, length, 6 * 128, Map.of("code", 0.75, "prose", 0.25), null);
    }
}
