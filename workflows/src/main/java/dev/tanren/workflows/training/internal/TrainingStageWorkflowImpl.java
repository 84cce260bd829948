package dev.tanren.workflows.training.internal;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.run.PhaseAttempt;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.workflows.activity.ActivityPolicies;
import dev.tanren.workflows.activity.AttemptActivities;
import dev.tanren.workflows.activity.AttemptActivities.BeginRequest;
import dev.tanren.workflows.activity.AttemptActivities.Begun;
import dev.tanren.workflows.activity.AttemptActivities.EndRequest;
import dev.tanren.workflows.activity.AttemptActivities.Told;
import dev.tanren.workflows.activity.GangActivities;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import dev.tanren.workflows.activity.GangActivities.GangResult;
import dev.tanren.workflows.activity.RegistryActivities;
import dev.tanren.workflows.activity.RegistryActivities.EvaluationQuery;
import dev.tanren.workflows.activity.RegistryActivities.EventEntry;
import dev.tanren.workflows.activity.RegistryActivities.LastEvaluation;
import dev.tanren.workflows.activity.RegistryActivities.Recorded;
import dev.tanren.workflows.failure.Failure;
import dev.tanren.workflows.failure.Failures;
import dev.tanren.workflows.payload.Answers;
import dev.tanren.workflows.training.RetryBudget;
import dev.tanren.workflows.training.TrainingStageWorkflow;
import io.temporal.api.enums.v1.RetryState;
import io.temporal.failure.ActivityFailure;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.Async;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.CompletablePromise;
import io.temporal.workflow.Functions;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// See [TrainingStageWorkflow].
public final class TrainingStageWorkflowImpl implements TrainingStageWorkflow {

    private final RegistryActivities registry =
            Workflow.newActivityStub(RegistryActivities.class, ActivityPolicies.registry());
    private final AttemptActivities attempts =
            Workflow.newActivityStub(AttemptActivities.class, ActivityPolicies.attempt());
    private final GangActivities gangs =
            Workflow.newActivityStub(GangActivities.class, ActivityPolicies.gang());

    private final Input input;
    private final TrainingStage stage;
    private RetryBudget budget;
    private boolean pauseRequested;
    private @Nullable CancellationScope atWork;

    @WorkflowInit
    public TrainingStageWorkflowImpl(Input input) {
        this.input = input;
        this.stage = (TrainingStage) input.plan().stage(input.stageId()).orElseThrow();
        Carried carried = input.carried();
        this.budget = carried == null ? RetryBudget.full() : carried.budget();
    }

    @Override
    public void pause(String runId) {
        pauseRequested = true;
        if (atWork != null) {
            atWork.cancel("the run pauses");
        }
    }

    @Override
    public Outcome train(Input ignored) {
        List<Timetable.Entry> entries = Timetable.of(stage).entries();
        Carried carried = input.carried();
        List<Timetable.Entry> leftOut = new ArrayList<>();
        for (int index = carried == null ? 0 : carried.phase(); index < entries.size(); index++) {
            Timetable.Entry entry = entries.get(index);
            PhaseGate gate =
                    index == 0 ? new PhaseGate(PhaseGate.Decision.ENTER, null) : gateOf(entry);
            switch (gate.decision()) {
                case ENTER -> {}
                case ENTER_REGARDLESS -> record("phase.entered-regardless", entry, gate);
                case SKIP -> {
                    record("phase.skipped", entry, gate);
                    leftOut.add(entry);
                    continue;
                }
                case WAIT -> {
                    return Outcome.waiting(entry.phase().id(), String.valueOf(gate.reason()));
                }
                case FAIL ->
                        throw Failures.ofWorkflow(gate.failure(stage.id(), entry.phase().id()));
            }
            Outcome ended = runPhase(index, entry);
            if (ended != null) {
                return ended;
            }
            leftOut.clear();
        }
        CutShort.by(stage, leftOut).ifPresent(cut -> record(cut.event(input.runId(), stage.id())));
        return Outcome.finished();
    }

    private PhaseGate gateOf(Timetable.Entry entry) {
        if (entry.phase().enterWhen() == null) {
            return new PhaseGate(PhaseGate.Decision.ENTER, null);
        }
        EvaluationQuery query =
                new EvaluationQuery(input.runId(), stage.id(), entry.firstStep() - 1);
        LastEvaluation evaluation = registry.lastEvaluation(query);
        Answers.require(query, evaluation.query());
        return PhaseGate.decide(entry, evaluation, input.approvedPhase());
    }

    /// Tries until the phase's last step is committed.
    ///
    /// @return how the workflow is to end before that; null where the phase is done
    private @Nullable Outcome runPhase(int index, Timetable.Entry entry) {
        while (!pauseRequested) {
            continueAsNewWhenLong(index);
            BeginRequest request = beginRequest(entry);
            Begun begun = begin(request);
            if (begun == null) {
                break;
            }
            if (begun.alreadyDone()) {
                return null;
            }
            budget = budget.startingFrom(begun.resumeStep());
            if (begun.resumeStep() < entry.firstStep()) {
                record("phase.entered", entry, new PhaseGate(PhaseGate.Decision.ENTER, null));
            }
            Attempted attempted = attempt(entry, begun);
            if (attempted.finished()) {
                return null;
            }
            if (attempted.waitsFor() != null) {
                return Outcome.waiting(entry.phase().id(), attempted.waitsFor());
            }
        }
        return Outcome.paused();
    }

    /// Finding and verifying a checkpoint may take long, so a pause ends that too, also where its
    /// worker is lost or the database away just then: what may pass is not tried again once it was
    /// asked to end.
    ///
    /// @return null where the run pauses before the attempt has begun
    private @Nullable Begun begin(BeginRequest request) {
        try {
            Begun begun = untilPaused(() -> attempts.begin(request));
            Answers.require(request.requestId(), begun.requestId());
            return begun;
        } catch (ActivityFailure thrown) {
            boolean ended =
                    Failures.isCancellation(thrown)
                            || thrown.getRetryState() == RetryState.RETRY_STATE_CANCEL_REQUESTED;
            if (!ended || CancellationScope.current().isCancelRequested()) {
                throw thrown;
            }
            return null;
        }
    }

    /// @param finished whether the phase's last step is committed
    /// @param waitsFor what a person must look at before it goes on; null where nothing
    private record Attempted(boolean finished, @Nullable String waitsFor) {}

    private Attempted attempt(Timetable.Entry entry, Begun begun) {
        try {
            GangResult result = runGang(entry, begun);
            boolean finished = result != null && result.finished();
            if (CancellationScope.current().isCancelRequested()) {
                throw new CanceledFailure("the run is cancelled");
            }
            return new Attempted(finished, null);
        } catch (ActivityFailure thrown) {
            if (CancellationScope.current().isCancelRequested()) {
                endForWorker(begun, "the run is cancelled", null);
                throw thrown;
            }
            if (Failures.isCancellation(thrown)) {
                endForWorker(begun, "the run pauses", null);
                return new Attempted(false, null);
            }
            Failure failure = Failures.read(thrown);
            if (failure.errorCode() == ErrorCode.TRAINING_NEEDS_PERSON) {
                return new Attempted(false, failure.what() + " [" + failure.where() + "]");
            }
            return new Attempted(false, waitBeforeRetry(begun, thrown));
        } catch (ApplicationFailure forged) {
            Failure failure = Failures.read(forged);
            endForWorker(begun, failure.what(), failure.failureClass().name());
            throw forged;
        }
    }

    /// On the worker that is asked first, if there is one, and where that has no room on any.
    ///
    /// @return null where no worker has had room for so long that the history must begin anew
    private @Nullable GangResult runGang(Timetable.Entry entry, Begun begun) {
        GangRequest request = gangRequest(entry, begun);
        GangActivities asked =
                begun.worker() == null
                        ? gangs
                        : Workflow.newActivityStub(
                                GangActivities.class, ActivityPolicies.gangOn(begun.worker()));
        while (true) {
            try {
                return runGang(asked, request);
            } catch (ActivityFailure thrown) {
                if (!Failures.isNotTaken(thrown)) {
                    throw thrown;
                }
                if (historyIsLong()) {
                    endForWorker(begun, "no worker has had room for it so far", null);
                    return null;
                }
                asked = gangs;
            }
        }
    }

    private GangResult runGang(GangActivities worker, GangRequest request) {
        GangResult result = untilPaused(() -> worker.train(request));
        Answers.require(request.work().fencingToken(), result.fencingToken());
        return result;
    }

    /// Runs an activity that a pause cancels.
    private <T> T untilPaused(Functions.Func<T> activity) {
        CompletablePromise<T> result = Workflow.newPromise();
        CancellationScope scope =
                Workflow.newCancellationScope(() -> result.completeFrom(Async.function(activity)));
        atWork = scope;
        scope.run();
        if (pauseRequested) {
            scope.cancel("the run pauses");
        }
        try {
            return result.get();
        } finally {
            atWork = null;
        }
    }

    /// @return what a person must look at before it is tried again; null where nothing
    private @Nullable String waitBeforeRetry(Begun begun, ActivityFailure thrown) {
        Failure failure = Failures.read(thrown);
        FailureClass failureClass = failure.failureClass();
        String told = failure.what();
        if (!(thrown.getCause() instanceof ApplicationFailure) || Failures.isForged(thrown)) {
            told = endForWorker(begun, failure.what(), failure.code());
        }
        budget = budget.after(failureClass);
        if (!budget.allowsRetryOf(failureClass)) {
            if (failureClass == FailureClass.PREEMPTED) {
                return takenAwayInVain(told);
            }
            throw Failures.ofWorkflow(forGood(failure));
        }
        Duration delay = budget.delayAfter(failureClass);
        if (delay.isPositive()) {
            Workflow.await(delay, () -> pauseRequested);
        }
        return null;
    }

    private String takenAwayInVain(String last) {
        return budget.preemptions()
                + " attempts in a row lost their worker and came no further than step "
                + budget.bestStep()
                + "; the last: "
                + last
                + "; see whether the ranks take the worker down (its log, the memory of its machine),"
                + " then resume the run";
    }

    private Failure forGood(Failure failure) {
        if (failure.failureClass() == FailureClass.OUT_OF_MEMORY) {
            return SmallerSettings.proposedIn(
                    failure, stage, input.trainedOn().model().architecture());
        }
        return failure.failureClass().retryable() ? inVain(failure) : failure;
    }

    private Failure inVain(Failure failure) {
        return new Failure(
                failure.code(),
                failure.what()
                        + "; "
                        + budget.failures()
                        + " attempts in a row came no further than step "
                        + budget.bestStep(),
                failure.where(),
                failure.mend());
    }

    /// Also done while the workflow is cancelled.
    private String endForWorker(Begun begun, String reason, @Nullable String code) {
        CompletablePromise<Told> told = Workflow.newPromise();
        EndRequest request = new EndRequest(input.runId(), begun.fencingToken(), reason, code);
        Workflow.newDetachedCancellationScope(
                        () -> told.completeFrom(Async.function(attempts::end, request)))
                .run();
        Answers.require(request.fencingToken(), told.get().fencingToken());
        return told.get().reason();
    }

    private void continueAsNewWhenLong(int phase) {
        if (Workflow.isEveryHandlerFinished() && historyIsLong()) {
            Workflow.newContinueAsNewStub(TrainingStageWorkflow.class)
                    .train(
                            new Input(
                                    input.runId(),
                                    input.execution(),
                                    input.plan(),
                                    input.stageId(),
                                    input.trainedOn(),
                                    input.approvedPhase(),
                                    new Carried(phase, budget)));
        }
    }

    private static boolean historyIsLong() {
        return Workflow.getInfo().getHistoryLength() > ActivityPolicies.HISTORY_EVENTS
                || Workflow.getInfo().isContinueAsNewSuggested();
    }

    private void record(String type, Timetable.Entry entry, PhaseGate gate) {
        String phase = entry.phase().id();
        String reason = gate.reason();
        record(
                new EventEntry(
                        input.runId(),
                        type,
                        stage.id(),
                        reason == null
                                ? "phase " + phase + " begins with step " + entry.firstStep()
                                : reason,
                        steps(entry),
                        type + "/" + stage.id() + "/" + phase));
    }

    private void record(EventEntry event) {
        Answers.require(Recorded.of(event), registry.recordEvent(event));
    }

    private static Map<String, Object> steps(Timetable.Entry entry) {
        Map<String, Object> steps = new LinkedHashMap<>();
        steps.put("phase", entry.phase().id());
        steps.put("firstStep", entry.firstStep());
        steps.put("lastStep", entry.lastStep());
        return steps;
    }

    private BeginRequest beginRequest(Timetable.Entry entry) {
        return new BeginRequest(
                input.runId(),
                input.execution(),
                input.plan(),
                stage.id(),
                entry.phase().id(),
                input.trainedOn(),
                entry.lastStep(),
                Workflow.randomUUID().toString());
    }

    private GangRequest gangRequest(Timetable.Entry entry, Begun begun) {
        return new GangRequest(
                new PhaseAttempt(
                        input.runId(),
                        input.plan(),
                        stage.id(),
                        entry.phase().id(),
                        begun.attempt(),
                        begun.fencingToken(),
                        input.trainedOn(),
                        entry.lastStep(),
                        begun.skippedSteps(),
                        begun.skippedPhases()),
                begun.start(),
                begun.resumeStep());
    }
}
