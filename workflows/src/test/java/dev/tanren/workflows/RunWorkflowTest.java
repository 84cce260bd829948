package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunState;
import dev.tanren.workflows.activity.RegistryActivities.RequestEntry;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A run's transitions, and who takes its gangs, on a real server.
@Timeout(60)
class RunWorkflowTest extends WorkflowTest {

    private static final String WHY = "a reason";

    @Override
    TestTemporal server() {
        return TestTemporal.startReal();
    }

    @Test
    void aRunDoesItsStagesInOrderAndSucceeds() {
        WorkflowStub run = start(Plans.published());

        run.getResult(Void.class);

        assertThat(platform.log)
                .containsSubsequence(
                        "run running",
                        "stage adapt running",
                        "event phase.entered/adapt/short",
                        "event phase.entered/adapt/long",
                        "stage adapt succeeded",
                        "stage release succeeded",
                        "stage gate succeeded",
                        "run succeeded");
        assertThat(platform.gangs)
                .extracting(gang -> gang.work().lastStep())
                .containsExactly(10L, 20L);
    }

    @Test
    void aStageThatSucceededBeforeIsNotDoneAgain() {
        platform.stages.put("adapt", "succeeded");

        start(Plans.published()).getResult(Void.class);

        assertThat(platform.gangs).isEmpty();
        assertThat(platform.exports).hasValue(1);
    }

    @Test
    void aPausedRunHoldsNoGangAndGoesOnFromWhatWasSaved() {
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = start(Plans.twoPhases());
        await(() -> platform.log.contains("gang at work"));

        ask(RunAction.PAUSE, WHY);
        await(() -> platform.statuses().contains("paused"));
        assertThat(platform.log).containsSubsequence("run pausing", "gang saved", "run paused");
        assertThat(ask().state().status()).isEqualTo("paused");

        ask(RunAction.RESUME, WHY);
        run.getResult(Void.class);

        assertThat(platform.statuses())
                .containsExactly("running", "pausing", "paused", "running", "succeeded");
        assertThat(platform.gangs.get(1).resumeStep()).isEqualTo(7);
        assertThat(platform.asked)
                .usingRecursiveFieldByFieldElementComparatorIgnoringFields("id")
                .containsExactly(
                        asked("pause", RunState.RUNNING, RunState.PAUSING),
                        asked("resume", RunState.PAUSED, RunState.RUNNING));
    }

    private static RequestEntry asked(String action, RunState before, RunState after) {
        return new RequestEntry("r", "an id", action, TestTemporal.ADA, "a reason", before, after);
    }

    @Test
    void aCancelledRunEndsItsGangAndIsCancelled() {
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = start(Plans.twoPhases());
        await(() -> platform.log.contains("gang at work"));

        ask(RunAction.CANCEL, WHY);
        run.getResult(Void.class);

        assertThat(platform.statuses()).containsExactly("running", "cancelling", "cancelled");
        assertThat(platform.log).contains("gang saved", "stage adapt cancelled");
    }

    @Test
    void aPausedRunCanBeCancelled() {
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = start(Plans.twoPhases());
        await(() -> platform.log.contains("gang at work"));
        ask(RunAction.PAUSE, WHY);
        await(() -> platform.statuses().contains("paused"));

        ask(RunAction.CANCEL, WHY);
        run.getResult(Void.class);

        assertThat(platform.statuses()).endsWith("cancelling", "cancelled");
    }

    @Test
    void aRunThatIsNotPausedCannotBeResumed() {
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = start(Plans.twoPhases());
        await(() -> platform.log.contains("gang at work"));

        assertThatThrownBy(() -> ask(RunAction.RESUME, WHY))
                .isInstanceOf(WorkflowUpdateException.class);

        ask(RunAction.CANCEL, WHY);
        run.getResult(Void.class);
    }

    @Test
    void aGangIsTakenByTheWorkerThatIsAskedFirst() {
        platform.askedFirst.addAll(List.of("w2", "w1"));

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.takers).containsExactly("w2", "w1");
    }

    @Test
    void aGangGoesToAnyWorkerWhenTheOneThatIsAskedFirstIsGone() {
        platform.askedFirst.addAll(List.of("gone", "w1"));

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.takers).containsExactly(FakePlatform.ANY, "w1");
        assertThat(platform.gangs)
                .extracting(gang -> gang.work().fencingToken())
                .containsExactly(1L, 2L);
        assertThat(platform.log).noneMatch(line -> line.startsWith("attempt ended"));
    }

    @Test
    void aGangThatTheWorkerHasNoRoomForGoesToAnyWithoutAnotherAttempt() {
        platform.askedFirst.add("w1");
        platform.script.add(platform.failing(ErrorCode.WORKER_FULL, 0));
        platform.script.add(platform.failing(ErrorCode.WORKER_FULL, 0));

        start(Plans.twoPhases()).getResult(Void.class);

        assertThat(platform.takers)
                .containsExactly("w1", FakePlatform.ANY, FakePlatform.ANY, FakePlatform.ANY);
        assertThat(platform.gangs)
                .extracting(gang -> gang.work().fencingToken())
                .containsExactly(1L, 1L, 1L, 2L);
    }

    @Test
    void aRunPausesWhileItsGangWaitsForTheWorkerThatIsAskedFirst() {
        platform.askedFirst.add("gone");
        platform.script.add(platform.untilCancelled(7));
        WorkflowStub run = start(Plans.twoPhases());
        await(() -> platform.log.contains("event phase.entered/adapt/short"));

        ask(RunAction.PAUSE, WHY);

        await(() -> platform.statuses().contains("paused"));
        ask(RunAction.RESUME, WHY);
        platform.script.clear();
        run.getResult(Void.class);
        assertThat(platform.statuses()).endsWith("succeeded");
    }
}
