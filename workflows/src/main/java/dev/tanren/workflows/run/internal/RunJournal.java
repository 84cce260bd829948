package dev.tanren.workflows.run.internal;

import dev.tanren.workflows.activity.RegistryActivities;
import dev.tanren.workflows.activity.RegistryActivities.RequestEntry;
import dev.tanren.workflows.activity.RegistryActivities.StageChange;
import dev.tanren.workflows.activity.RegistryActivities.StatusChange;
import dev.tanren.workflows.activity.SearchAttributes;
import dev.tanren.workflows.failure.Failure;
import io.temporal.workflow.Async;
import io.temporal.workflow.CompletablePromise;
import io.temporal.workflow.Functions;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import org.jspecify.annotations.Nullable;

/// The run's state, and its projection into the registry.
///
/// The state changes at once; its records follow one after the other in the order of the changes,
/// whoever asked for them, and also while the run is being cancelled.
final class RunJournal {

    private final RegistryActivities registry;
    private final String runId;
    private Lifecycle status = Lifecycle.QUEUED;
    private @Nullable String reason;
    private @Nullable String stage;
    private Promise<Void> written = Workflow.newPromise((Void) null);

    RunJournal(RegistryActivities registry, String runId) {
        this.registry = registry;
        this.runId = runId;
    }

    Lifecycle status() {
        return status;
    }

    @Nullable String reason() {
        return reason;
    }

    @Nullable String stage() {
        return stage;
    }

    /// Goes on in the state that the earlier execution handed on, without recording it again.
    void continueRunning() {
        status = Lifecycle.RUNNING;
    }

    /// Changes the state; ends when that is recorded.
    void become(Lifecycle next, @Nullable String why, @Nullable Failure failure) {
        if (!status.mayBecome(next)) {
            throw new IllegalStateException("a run cannot go from " + status + " to " + next);
        }
        status = next;
        reason = why;
        Workflow.upsertTypedSearchAttributes(SearchAttributes.RUN_STATUS.valueSet(next.key()));
        StatusChange change = new StatusChange(runId, next.key(), why, failure);
        write(() -> registry.recordStatus(change));
    }

    void stageStarted(String stageId) {
        stage = stageId;
        Workflow.upsertTypedSearchAttributes(SearchAttributes.STAGE.valueSet(stageId));
        write(() -> registry.recordStage(new StageChange(runId, stageId, "running", null)));
    }

    void stageEnded(String stageId, Lifecycle how, @Nullable Failure failure) {
        write(() -> registry.recordStage(new StageChange(runId, stageId, how.key(), failure)));
    }

    void requested(String action, String actor, @Nullable String why) {
        write(() -> registry.recordRequest(new RequestEntry(runId, action, actor, why)));
    }

    private void write(Functions.Proc record) {
        Promise<Void> before = written;
        CompletablePromise<Void> done = Workflow.newPromise();
        written = done;
        Workflow.newDetachedCancellationScope(
                        () ->
                                done.completeFrom(
                                        Async.procedure(
                                                () -> {
                                                    before.get();
                                                    record.apply();
                                                })))
                .run();
        done.get();
    }
}
