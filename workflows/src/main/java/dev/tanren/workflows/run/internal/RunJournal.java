package dev.tanren.workflows.run.internal;

import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.StageState;
import dev.tanren.workflows.activity.RegistryActivities;
import dev.tanren.workflows.activity.RegistryActivities.Recorded;
import dev.tanren.workflows.activity.RegistryActivities.RequestEntry;
import dev.tanren.workflows.activity.RegistryActivities.StageChange;
import dev.tanren.workflows.activity.RegistryActivities.StatusChange;
import dev.tanren.workflows.activity.SearchAttributes;
import dev.tanren.workflows.failure.Failure;
import dev.tanren.workflows.failure.Failures;
import dev.tanren.workflows.payload.Answers;
import dev.tanren.workflows.run.RunWorkflow;
import io.temporal.common.SearchAttributeUpdate;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.workflow.Async;
import io.temporal.workflow.CompletablePromise;
import io.temporal.workflow.Functions.Func;
import io.temporal.workflow.Promise;
import io.temporal.workflow.Workflow;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/// The run's state, and its projection into the registry.
///
/// The state changes at once; its records follow one after the other in the order of the changes,
/// whoever asked for them, and also while the run is being cancelled. They do not depend on each
/// other: one that the registry refuses leaves the next ones as they are.
final class RunJournal {

    private static final Logger LOG = Workflow.getLogger(RunJournal.class);

    private static final int FORGED_ANSWERS = 10;

    private final RegistryActivities registry;
    private final String runId;
    private RunVersion version;
    private RunState status = RunState.QUEUED;
    private @Nullable String reason;
    private @Nullable String stage;
    private boolean stageAtWork;
    private Promise<Void> written = Workflow.newPromise((Void) null);

    /// @param version the run's newest change that is recorded: this one's follow
    RunJournal(RegistryActivities registry, String runId, RunVersion version) {
        this.registry = registry;
        this.runId = runId;
        this.version = version;
    }

    /// The place of the newest change, after which the next execution of the workflow goes on.
    RunVersion version() {
        return version;
    }

    RunState status() {
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
        status = RunState.RUNNING;
        stage = begunStage;
        stageAtWork = begunStage != null;
        Workflow.upsertTypedSearchAttributes(
                SearchAttributes.RUN_STATUS.valueSet(status.key()), ofStage(begunStage));
    }

    /// Changes the state; ends when that is recorded.
    void become(RunState next, @Nullable String why, @Nullable Failure failure) {
        if (!status.mayBecome(next)) {
            throw new IllegalStateException("a run cannot go from " + status + " to " + next);
        }
        RunState before = status;
        status = next;
        reason = why;
        searchableAs(next);
        StatusChange change = new StatusChange(runId, nextVersion(), before, next, why, failure);
        write(
                Recorded.of(change.version()),
                () -> registry.recordStatus(change),
                () -> registry.recordStatus(change.reduced()));
    }

    void stageStarted(String stageId) {
        stage = stageId;
        stageAtWork = true;
        Workflow.upsertTypedSearchAttributes(ofStage(stageId));
        write(StageState.RUNNING, stageId, null, null);
    }

    void stageEnded(String stageId, StageState how, @Nullable Failure failure) {
        stageAtWork = false;
        write(how, stageId, null, failure);
    }

    /// The run ended before the stage.
    void stageSkipped(String stageId, String why) {
        write(StageState.SKIPPED, stageId, why, null);
    }

    /// The run is tried again, and the stage with it.
    void stageQueued(String stageId) {
        write(StageState.QUEUED, stageId, "the run is tried again", null);
    }

    /// @param after what the run becomes by it, if its state still allows that
    void requested(RunAction action, RunWorkflow.Request asked, RunState after) {
        RequestEntry request =
                new RequestEntry(
                        runId,
                        asked.id(),
                        action.key(),
                        asked.actor(),
                        asked.reason(),
                        status,
                        action.allowedIn(status) ? after : status);
        write(
                new Recorded(asked.id()),
                () -> registry.recordRequest(request),
                () -> registry.recordRequest(request.reduced()));
    }

    private void searchableAs(RunState next) {
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
            StageState state, String stageId, @Nullable String why, @Nullable Failure failure) {
        StageChange change = new StageChange(runId, nextVersion(), stageId, state, why, failure);
        write(
                Recorded.of(change.version()),
                () -> registry.recordStage(change),
                () -> registry.recordStage(change.reduced()));
    }

    private RunVersion nextVersion() {
        version = version.next();
        return version;
    }

    /// Ends when the record is written, which is after all that were to be written before it. One
    /// that is refused for good is written in `reduced` form; where that is refused too it is told
    /// to the worker's log alone. Nothing that a record is refused for ends the run or keeps later
    /// records from being written.
    private void write(Recorded due, Func<Recorded> record, Func<Recorded> reduced) {
        Promise<Void> before = written;
        CompletablePromise<Void> done = Workflow.newPromise();
        written = done;
        Workflow.newDetachedCancellationScope(
                        () ->
                                done.completeFrom(
                                        Async.procedure(
                                                () -> {
                                                    // Its failure is its own caller's.
                                                    before.handle((_, _) -> null).get();
                                                    unlessRefused(due, record, reduced);
                                                })))
                .run();
        done.get();
    }

    private void unlessRefused(Recorded due, Func<Recorded> record, Func<Recorded> reduced) {
        try {
            answered(due, record);
        } catch (ActivityFailure | ApplicationFailure refused) {
            LOG.error("a record of run {} is refused", runId, refused);
            try {
                answered(due, reduced);
            } catch (ActivityFailure | ApplicationFailure again) {
                LOG.error("and so is its reduced form: nothing is recorded", again);
            }
        }
    }

    /// Writes once more what somebody else has answered for: that is not written.
    private void answered(Recorded due, Func<Recorded> record) {
        for (int left = FORGED_ANSWERS; ; left--) {
            try {
                Answers.require(due, record.apply());
                return;
            } catch (ActivityFailure | ApplicationFailure failed) {
                if (left == 0 || !Failures.isForged(failed)) {
                    throw failed;
                }
                LOG.warn("a record of run {} is written again: {}", runId, failed.getMessage());
            }
        }
    }
}
