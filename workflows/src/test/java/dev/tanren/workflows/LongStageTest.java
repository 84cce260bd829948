package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunAction;
import dev.tanren.workflows.activity.ActivityPolicies;
import dev.tanren.workflows.run.RunWorkflow;
import dev.tanren.workflows.training.TrainingStageWorkflow;
import io.temporal.client.WorkflowStub;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A stage whose attempts or waits are more than one history holds goes on in a new execution.
@Timeout(120)
class LongStageTest extends WorkflowTest {

    private static final String RUN = RunWorkflow.workflowId("r");
    private static final String STAGE = TrainingStageWorkflow.workflowId("r", "adapt");

    /// Each of them is twelve events of the stage's history or more.
    private static final long ATTEMPTS = ActivityPolicies.HISTORY_EVENTS / 10;

    private static final String WHY = "again";

    @Test
    void aPauseReachesAStageThatTookMoreAttemptsThanOneHistoryHolds() {
        for (long step = 1; step <= ATTEMPTS; step++) {
            platform.script.add(platform.failing(ErrorCode.RANK_CRASHED, step));
        }
        platform.script.add(platform.untilCancelled(ATTEMPTS + 1));
        WorkflowStub run = temporal.start(Plans.ofSteps(ATTEMPTS + 10));

        temporal.pauseAtWork(WHY, 1);

        assertThat(temporal.isContinued(STAGE)).as("the stage's workflow").isTrue();
        assertThat(temporal.isContinued(RUN)).as("the run's workflow").isFalse();
        assertThat(platform.committed).containsEntry("adapt", ATTEMPTS + 1);
        ask(RunAction.RESUME, WHY);
        run.getResult(Void.class);
        assertThat(platform.statuses())
                .containsExactly("running", "pausing", "paused", "running", "succeeded");
    }

    @Test
    void aGangThatNoWorkerHasRoomForWaitsOverAsManyHistoriesAsItTakes() {
        for (long times = 0; times < ActivityPolicies.HISTORY_EVENTS / 4; times++) {
            platform.script.add(platform.failing(ErrorCode.WORKER_FULL, 0));
        }

        temporal.start(Plans.ofSteps(10)).getResult(Void.class);

        assertThat(temporal.isContinued(STAGE)).isTrue();
        assertThat(platform.log)
                .contains("attempt ended for its worker: no worker has had room for it so far");
        assertThat(platform.gangs)
                .extracting(gang -> gang.work().fencingToken())
                .contains(1L, 2L)
                .isSorted();
        assertThat(platform.statuses()).containsExactly("running", "succeeded");
    }
}
