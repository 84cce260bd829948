package dev.tanren.workflows.run.internal;

import dev.tanren.plan.Stage;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.StageState;
import dev.tanren.workflows.activity.ActivityPolicies;
import dev.tanren.workflows.activity.RegistryActivities;
import dev.tanren.workflows.activity.RegistryActivities.Standing;
import dev.tanren.workflows.activity.RegistryActivities.StandingQuery;
import dev.tanren.workflows.failure.Failure;
import dev.tanren.workflows.failure.Failures;
import dev.tanren.workflows.payload.Answers;
import dev.tanren.workflows.run.RunWorkflow;
import dev.tanren.workflows.training.TrainingStageWorkflow.Outcome;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.ContinueAsNewOptions;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/// See [RunWorkflow].
public final class RunWorkflowImpl implements RunWorkflow {

    private final RegistryActivities registry =
            Workflow.newActivityStub(RegistryActivities.class, ActivityPolicies.registry());

    private final Input input;
    private final RunJournal journal;
    private final CancellationScope work;
    private final TrainingChild training;
    private final ProcessStages processes;
    private final List<Stage> unfinished = new ArrayList<>();
    private final SequencedSet<String> taken = new LinkedHashSet<>();
    private @Nullable String pauseReason;
    private boolean preparing;

    @WorkflowInit
    public RunWorkflowImpl(Input input) {
        this.input = input;
        this.journal = new RunJournal(registry, input.runId(), input.version());
        this.training = new TrainingChild(input);
        this.processes = new ProcessStages(input);
        Carried carried = input.carried();
        if (carried != null) {
            journal.continueRunning(carried.stage());
            taken.addAll(carried.taken());
        }
        this.work = Workflow.newCancellationScope(this::runStages);
    }

    @Override
    public Ended run(Input ignored) {
        try {
            if (journal.status() == RunState.QUEUED) {
                journal.become(RunState.RUNNING, null, null);
            }
            work.run();
            if (journal.status() == RunState.CANCELLING) {
                throw new CanceledFailure("the run is cancelled");
            }
            journal.become(RunState.SUCCEEDED, null, null);
        } catch (RuntimeException thrown) {
            endUnfinished(thrown);
        }
        awaitHandlers();
        return new Ended(input.execution(), journal.status().key());
    }

    @Override
    public State state() {
        return new State(journal.status().key(), journal.stage(), journal.reason());
    }

    @Override
    public void validatePause(Request request) {
        require(RunAction.PAUSE, request);
    }

    @Override
    public Taken pause(Request request) {
        take(RunAction.PAUSE, request, RunState.PAUSING);
        if (RunAction.PAUSE.allowedIn(journal.status())) {
            pauseReason = request.reason();
            journal.become(RunState.PAUSING, pausingReason(), null);
            if (journal.status() == RunState.PAUSING) {
                training.pause();
            }
        }
        return new Taken(request.id());
    }

    /// What has no checkpoint is finished before the run pauses, and the reason says so.
    private @Nullable String pausingReason() {
        String asked = pauseReason;
        String after = preparing ? "pausing when the datasets are prepared" : null;
        String stage = journal.stageAtWork();
        if (stage != null && !(input.plan().stage(stage).orElseThrow() instanceof TrainingStage)) {
            after = "pausing after stage " + stage;
        }
        if (after == null || asked == null) {
            return after == null ? asked : after;
        }
        return after + ": " + asked;
    }

    @Override
    public void validateResume(Request request) {
        require(RunAction.RESUME, request);
    }

    @Override
    public Taken resume(Request request) {
        take(RunAction.RESUME, request, RunState.RUNNING);
        if (RunAction.RESUME.allowedIn(journal.status())) {
            journal.become(RunState.RUNNING, null, null);
        }
        return new Taken(request.id());
    }

    @Override
    public void validateCancel(Request request) {
        require(RunAction.CANCEL, request);
    }

    @Override
    public Taken cancel(Request request) {
        take(RunAction.CANCEL, request, RunState.CANCELLING);
        if (RunAction.CANCEL.allowedIn(journal.status())) {
            // Recorded first: a gang that is cancelled looks there whether it should still save.
            journal.become(RunState.CANCELLING, request.reason(), null);
            work.cancel("cancelled by " + request.actor().name());
        }
        return new Taken(request.id());
    }

    /// Whoever can reach Temporal can send again what a person has sent, under any name.
    private void require(RunAction action, Request request) {
        if (request.action() != action
                || request.execution() != input.execution()
                || taken.contains(request.id())) {
            throw new IllegalStateException(
                    "the request was made to "
                            + request.action().key()
                            + " execution "
                            + request.execution()
                            + " of the run, once; this is "
                            + action.key()
                            + " in execution "
                            + input.execution());
        }
        if (!action.allowedIn(journal.status())) {
            throw new IllegalStateException(
                    "the run is "
                            + journal.status().key()
                            + "; it would have to be one of: "
                            + action.states());
        }
    }

    private void take(RunAction action, Request request, RunState after) {
        taken.add(request.id());
        journal.requested(action, request, after);
    }

    private void runStages() {
        Map<String, StageState> standing = new LinkedHashMap<>();
        // Also when the run is cancelled meanwhile: stages that are left are skipped then.
        Workflow.newDetachedCancellationScope(() -> standing.putAll(standing())).run();
        input.plan().stages().stream()
                .filter(stage -> standing.get(stage.id()) != StageState.SUCCEEDED)
                .forEach(unfinished::add);
        Carried prepared = input.carried();
        if (prepared == null) {
            queueAgain(standing);
            awaitNotPaused();
            prepared = prepare();
        }
        while (!unfinished.isEmpty()) {
            Stage stage = unfinished.getFirst();
            awaitNotPaused();
            begin(stage, prepared);
            run(stage, prepared);
            unfinished.removeFirst();
            journal.stageEnded(stage.id(), StageState.SUCCEEDED, null);
        }
    }

    private Map<String, StageState> standing() {
        StandingQuery query = new StandingQuery(input.runId(), input.execution());
        Standing standing = registry.standing(query);
        Answers.require(query, standing.query());
        return standing.stages();
    }

    /// Stages that an earlier try of the run has ended are waited for once more.
    private void queueAgain(Map<String, StageState> standing) {
        for (Stage stage : unfinished) {
            StageState before = standing.get(stage.id());
            if (before != null && before != StageState.QUEUED) {
                journal.stageQueued(stage.id());
            }
        }
    }

    private Carried prepare() {
        preparing = true;
        try {
            return new Preparation(input, registry).prepare();
        } finally {
            preparing = false;
        }
    }

    private void begin(Stage stage, Carried prepared) {
        if (!stage.id().equals(journal.stageAtWork())) {
            continueAsNewWhenLong(prepared.during(null, null));
            journal.stageStarted(stage.id());
        }
    }

    private void run(Stage stage, Carried prepared) {
        switch (stage) {
            case TrainingStage trainingStage -> train(trainingStage, prepared);
            case Stage.Export export -> processes.export(export, prepared);
            case Stage.Evaluate evaluate -> processes.evaluate(evaluate, prepared);
            case Stage.Approve approve ->
                    waitForPerson("stage " + approve.id() + " waits for an approval");
        }
    }

    /// Runs the stage's workflow until the stage is finished; in a pause there is none.
    private void train(TrainingStage stage, Carried prepared) {
        String approvedPhase =
                stage.id().equals(prepared.stage()) ? prepared.approvedPhase() : null;
        while (true) {
            awaitNotPaused();
            continueAsNewWhenLong(prepared.during(stage.id(), approvedPhase));
            Outcome outcome = training.train(stage, prepared, approvedPhase);
            switch (outcome.ended()) {
                case FINISHED -> {
                    return;
                }
                case PAUSED -> {}
                case WAITING -> {
                    approvedPhase = outcome.waitingFor();
                    waitForPerson(String.valueOf(outcome.reason()));
                }
            }
        }
    }

    private void waitForPerson(String reason) {
        if (journal.status() != RunState.PAUSED) {
            journal.become(RunState.PAUSED, reason, null);
        }
        awaitNotPaused();
    }

    /// Ends when the run may go on. One that is being cancelled waits here for its cancellation,
    /// which comes when it is recorded.
    private void awaitNotPaused() {
        while (journal.status() != RunState.RUNNING) {
            if (journal.status() == RunState.PAUSING) {
                journal.become(RunState.PAUSED, pauseReason, null);
            }
            Workflow.await(
                    () ->
                            journal.status() == RunState.RUNNING
                                    || journal.status() == RunState.PAUSING);
        }
    }

    /// No child runs when this is called, so none is left without a parent; and no request is under
    /// way when the next execution begins, so none is lost.
    private void continueAsNewWhenLong(Carried prepared) {
        if (Workflow.getInfo().getHistoryLength() <= ActivityPolicies.HISTORY_EVENTS
                && !Workflow.getInfo().isContinueAsNewSuggested()) {
            return;
        }
        do {
            awaitNotPaused();
            Workflow.await(Workflow::isEveryHandlerFinished);
        } while (journal.status() != RunState.RUNNING);
        // A memo is not handed on by itself.
        ContinueAsNewOptions options =
                ContinueAsNewOptions.newBuilder()
                        .setMemo(
                                Collections.singletonMap(
                                        RunWorkflow.EXECUTION_MEMO, input.execution()))
                        .build();
        Workflow.newContinueAsNewStub(RunWorkflow.class, options)
                .run(
                        new Input(
                                input.runId(),
                                input.plan(),
                                journal.version(),
                                prepared.having(taken)));
    }

    private void endUnfinished(RuntimeException thrown) {
        if (journal.status() == RunState.CANCELLING
                || CancellationScope.current().isCancelRequested()
                || Failures.isCancellation(thrown)) {
            endStages(StageState.CANCELLED, null);
            journal.become(RunState.CANCELLED, journal.reason(), null);
            awaitHandlers();
            if (CancellationScope.current().isCancelRequested()) {
                throw new CanceledFailure("the run is cancelled");
            }
            return;
        }
        Failure failure =
                RunFailure.forGood(Failures.read(thrown), input.runId(), journal.stageAtWork());
        endStages(StageState.FAILED, failure);
        journal.become(RunState.FAILED, failure.what(), failure);
        awaitHandlers();
        throw Failures.ofWorkflow(failure);
    }

    /// No stage stays queued in a run that has ended.
    private void endStages(StageState how, @Nullable Failure failure) {
        String atWork = journal.stageAtWork();
        if (atWork != null) {
            journal.stageEnded(atWork, how, failure);
        }
        String why =
                (atWork == null ? "the run" : "stage " + atWork)
                        + (how == StageState.FAILED ? " failed" : " was cancelled");
        for (Stage stage : unfinished) {
            if (!stage.id().equals(atWork)) {
                journal.stageSkipped(stage.id(), why);
            }
        }
    }

    /// A request that was taken is answered before the workflow ends.
    private static void awaitHandlers() {
        Workflow.newDetachedCancellationScope(
                        () -> Workflow.await(Workflow::isEveryHandlerFinished))
                .run();
    }
}
