package dev.tanren.workflows.run.internal;

import dev.tanren.workflows.activity.RegistryActivities;
import dev.tanren.workflows.activity.RegistryActivities.RequestEntry;
import dev.tanren.workflows.activity.RegistryActivities.StageChange;
import dev.tanren.workflows.activity.RegistryActivities.StatusChange;
import dev.tanren.workflows.activity.SearchAttributes;
import dev.tanren.workflows.failure.Failure;
import io.temporal.common.SearchAttributeUpdate;
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
    private boolean stageAtWork;
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

    /// The stage that is at work, or was last.
    @Nullable String stage() {
        return stage;
    }

    /// The stage that was begun and has not ended.
    @Nullable String stageAtWork() {
        return stageAtWork ? stage : null;
    }

    /// Goes on in the state that the earlier execution handed on, without recording it again.
    void continueRunning(@Nullable String begunStage) {
        status = Lifecycle.RUNNING;
        stage = begunStage;
        stageAtWork = begunStage != null;
        Workflow.upsertTypedSearchAttributes(
                SearchAttributes.RUN_STATUS.valueSet(status.key()), ofStage(begunStage));
    }

    /// Changes the state; ends when that is recorded.
    void become(Lifecycle next, @Nullable String why, @Nullable Failure failure) {
        if (!status.mayBecome(next)) {
            throw new IllegalStateException("a run cannot go from " + status + " to " + next);
        }
        status = next;
        reason = why;
        searchableAs(next);
        StatusChange change = new StatusChange(runId, next.key(), why, failure);
        write(() -> registry.recordStatus(change));
    }

    void stageStarted(String stageId) {
        stage = stageId;
        stageAtWork = true;
        Workflow.upsertTypedSearchAttributes(ofStage(stageId));
        write(Lifecycle.RUNNING.key(), stageId, null, null);
    }

    void stageEnded(String stageId, Lifecycle how, @Nullable Failure failure) {
        stageAtWork = false;
        write(how.key(), stageId, null, failure);
    }

    /// The run ended before the stage.
    void stageSkipped(String stageId, String why) {
        write("skipped", stageId, why, null);
    }

    /// The run is tried again, and the stage with it.
    void stageQueued(String stageId) {
        write(Lifecycle.QUEUED.key(), stageId, "the run is tried again", null);
    }

    void requested(String action, String actor, @Nullable String why) {
        write(() -> registry.recordRequest(new RequestEntry(runId, action, actor, why)));
    }

    private void searchableAs(Lifecycle next) {
        SearchAttributeUpdate<String> runStatus = SearchAttributes.RUN_STATUS.valueSet(next.key());
        if (next.terminal()) {
            Workflow.upsertTypedSearchAttributes(runStatus, ofStage(null));
        } else {
            Workflow.upsertTypedSearchAttributes(runStatus);
        }
    }

    private static SearchAttributeUpdate<String> ofStage(@Nullable String stageId) {
        return stageId == null
                ? SearchAttributes.STAGE.valueUnset()
                : SearchAttributes.STAGE.valueSet(stageId);
    }

    private void write(
            String stageStatus, String stageId, @Nullable String why, @Nullable Failure failure) {
        StageChange change = new StageChange(runId, stageId, stageStatus, why, failure);
        write(() -> registry.recordStage(change));
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
