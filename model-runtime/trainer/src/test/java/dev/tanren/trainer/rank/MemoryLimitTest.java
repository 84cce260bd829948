package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real ranks that may not have all the memory there is.
class MemoryLimitTest {

    private static final long MIB = 1L << 20;
    private static final String PHASE = "short";
    private static final InitialState FRESH = new InitialState.Random();

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

    @Test
    void aRankWhoseLimitIsFarBelowThePredictionEndsBeforeItTakesAnything() throws Exception {
        try (Gang gang =
                Gang.start(rig.setting("hopeless").withMemory(100 * MIB), PHASE, 1, 1, FRESH)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsExactly(ExitCode.FAILED);
            assertThat(gang.reports(Report.Ready.class)).isEmpty();
            Report.Failed failed = gang.reports(Report.Failed.class).getFirst();
            assertThat(failed.code()).isEqualTo("RANK_MEMORY_LIMIT");
            assertThat(failed.what()).contains("by the planner's count", "its limit is 100 MiB");
            assertThat(failed.where()).isEqualTo("rank 0, stage adapt, phase short");
            assertThat(failed.mend()).contains("no settings on as many ranks fit");
        }
    }

    /// A heap that is touched as a whole takes what no planner knows of.
    @Test
    void aRankThatTakesMoreThanWasPredictedEndsAfterTwoStepsAndSaysWhatWasMeasured()
            throws Exception {
        Gang.Setting setting =
                rig.setting("measured")
                        .under("env", "_JAVA_OPTIONS=-Xms800m -XX:+AlwaysPreTouch")
                        .withMemory(700 * MIB);
        try (Gang gang = Gang.start(setting, PHASE, 1, 1, FRESH)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsExactly(ExitCode.FAILED);
            assertThat(gang.reports(Report.StepFinished.class))
                    .extracting(Report.StepFinished::step)
                    .containsExactly(1L, 2L);
            Report.Failed failed = gang.reports(Report.Failed.class).getFirst();
            assertThat(failed.code()).isEqualTo("RANK_MEMORY_LIMIT");
            assertThat(failed.what())
                    .containsPattern("needs about (8|9|1\\d)\\d\\d MiB: it had")
                    .contains("its limit is 700 MiB, the planner had expected")
                    .contains("are to come (later phases)");
            assertThat(failed.mend())
                    .contains("no settings on as many ranks fit", "stage adapt")
                    .endsWith("TANREN_WORKER_MEMORY where it has more than that");
        }
    }

    @Test
    void ofTwoRanksTheOneThatSaysWhyIsHeard() throws Exception {
        Gang.Setting setting = rig.setting("two").withMemory(100 * MIB);
        try (Gang gang = Gang.start(setting, PHASE, 1, 2, FRESH)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FAILED);
            assertThat(gang.reports(Report.Failed.class))
                    .extracting(Report.Failed::code)
                    .containsOnly("RANK_MEMORY_LIMIT");
        }
    }

    @Test
    void aLimitThatIsKeptChangesNoBit() throws Exception {
        Reference free = Reference.train(rig.setting("free"), PHASE, 1, FRESH);
        Reference limited =
                Reference.train(rig.setting("limited").withMemory(2048 * MIB), PHASE, 1, FRESH);
        assertThat(limited.hash()).isEqualTo(free.hash());
    }
}
