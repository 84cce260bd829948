package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.workflows.run.RunWorkflow;
import io.temporal.client.WorkflowStub;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Pauses and resumes follow each other at any moment of a stage's attempts, as it ends, begins and
/// is at work: every one of them is taken.
@Timeout(120)
class PauseStormTest {

    private static final RunWorkflow.Request ASKED = new RunWorkflow.Request("ada", "again");
    private static final int TIMES = 30;

    @Test
    void everyPauseAndEveryResumeIsTaken() throws Exception {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        try (TestTemporal temporal = TestTemporal.start()) {
            FakePlatform platform = temporal.platform();
            for (long step = 1; step <= 4 * TIMES; step++) {
                platform.script.add(
                        random.nextBoolean()
                                ? platform.untilCancelled(step)
                                : platform.failing(ErrorCode.RANK_CRASHED, step));
            }
            WorkflowStub run = temporal.start(Plans.ofSteps(4 * TIMES + 10));
            TestTemporal.await(() -> platform.statuses().contains("running"));
            RunWorkflow asked = temporal.run(RunWorkflow.workflowId("r"));

            for (int time = 0; time < TIMES; time++) {
                asked.pause(ASKED);
                Thread.sleep(random.nextInt(15));
                asked.resume(ASKED);
                Thread.sleep(random.nextInt(15));
            }
            platform.script.clear();
            asked.pause(ASKED);
            asked.resume(ASKED);
            run.getResult(Void.class);

            assertThat(platform.statuses().stream().filter("pausing"::equals).count())
                    .isEqualTo(TIMES + 1L);
            assertThat(platform.statuses()).endsWith("succeeded");
        }
    }
}
