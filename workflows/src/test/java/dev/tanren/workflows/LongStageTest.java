package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.workflows.activity.ActivityPolicies;
import dev.tanren.workflows.run.RunWorkflow;
import dev.tanren.workflows.training.TrainingStageWorkflow;
import io.temporal.client.WorkflowStub;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A stage of more attempts than one history holds goes on in a new execution.
@Timeout(120)
class LongStageTest {

    private static final String RUN = RunWorkflow.workflowId("r");
    private static final String STAGE = TrainingStageWorkflow.workflowId("r", "adapt");

    /// Each of them is twelve events of the stage's history or more.
    private static final long ATTEMPTS = ActivityPolicies.HISTORY_EVENTS / 10;

    private static final RunWorkflow.Request ASKED = new RunWorkflow.Request("ada", "again");

    private TestTemporal temporal;
    private FakePlatform platform;

    @BeforeEach
    void startsAServerAndAWorker() {
        temporal = TestTemporal.start();
        platform = temporal.platform();
    }

    @AfterEach
    void stopsThem() {
        temporal.close();
    }

    @Test
    void aPauseReachesAStageThatTookMoreAttemptsThanOneHistoryHolds() {
        for (long step = 1; step <= ATTEMPTS; step++) {
            platform.script.add(platform.failing(ErrorCode.RANK_CRASHED, step));
        }
        platform.script.add(platform.untilCancelled(ATTEMPTS + 1));
        WorkflowStub run = temporal.start(Plans.ofSteps(ATTEMPTS + 10));

        temporal.pauseAtWork(ASKED, 1);

        assertThat(temporal.isContinued(STAGE)).as("the stage's workflow").isTrue();
        assertThat(temporal.isContinued(RUN)).as("the run's workflow").isFalse();
        assertThat(platform.committed).containsEntry("adapt", ATTEMPTS + 1);
        temporal.run(RUN).resume(ASKED);
        run.getResult(Void.class);
        assertThat(platform.statuses())
                .containsExactly("running", "pausing", "paused", "running", "succeeded");
    }
}
