package dev.tanren.workflows.run.internal;

import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.plan.Stage;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.workflows.activity.ActivityPolicies;
import dev.tanren.workflows.activity.EvaluateActivities;
import dev.tanren.workflows.activity.EvaluateActivities.EvaluateRequest;
import dev.tanren.workflows.activity.ExportActivities;
import dev.tanren.workflows.activity.ExportActivities.ExportRequest;
import dev.tanren.workflows.activity.RegistryActivities;
import dev.tanren.workflows.failure.Failure;
import dev.tanren.workflows.failure.Failures;
import dev.tanren.workflows.run.RunWorkflow;
import dev.tanren.workflows.training.TrainingStageWorkflow;
import dev.tanren.workflows.training.TrainingStageWorkflow.Outcome;
import io.temporal.api.enums.v1.ParentClosePolicy;
import io.temporal.failure.CanceledFailure;
import io.temporal.workflow.CancellationScope;
import io.temporal.workflow.ChildWorkflowCancellationType;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.SignalExternalWorkflowException;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInit;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// See [RunWorkflow].
public final class RunWorkflowImpl implements RunWorkflow {

    private static final String SUCCEEDED = Lifecycle.SUCCEEDED.key();

    private final RegistryActivities registry =
            Workflow.newActivityStub(RegistryActivities.class, ActivityPolicies.registry());
    private final ExportActivities exports =
            Workflow.newActivityStub(ExportActivities.class, ActivityPolicies.process());
    private final EvaluateActivities evaluations =
            Workflow.newActivityStub(EvaluateActivities.class, ActivityPolicies.process());

    private final Input input;
    private final RunJournal journal;
    private final CancellationScope work;
    private @Nullable TrainingStageWorkflow training;

    @WorkflowInit
    public RunWorkflowImpl(Input input) {
        this.input = input;
        this.journal = new RunJournal(registry, input.runId());
        if (input.carried() != null) {
            journal.continueRunning();
        }
        this.work = Workflow.newCancellationScope(this::runStages);
    }

    @Override
    public void run(Input ignored) {
        try {
            if (journal.status() == Lifecycle.QUEUED) {
                journal.become(Lifecycle.RUNNING, null, null);
            }
            work.run();
            if (journal.status() == Lifecycle.CANCELLING) {
                throw new CanceledFailure("the run is cancelled");
            }
            journal.become(Lifecycle.SUCCEEDED, null, null);
        } catch (RuntimeException thrown) {
            endUnfinished(thrown);
        }
        awaitHandlers();
    }

    @Override
    public State state() {
        return new State(journal.status().key(), journal.stage(), journal.reason());
    }

    @Override
    public void validatePause(Request request) {
        require(Lifecycle.PAUSING);
    }

    @Override
    public void pause(Request request) {
        journal.requested("pause", request.actor(), request.reason());
        if (!journal.status().mayBecome(Lifecycle.PAUSING)) {
            return;
        }
        journal.become(Lifecycle.PAUSING, request.reason(), null);
        TrainingStageWorkflow child = training;
        if (child != null && journal.status() == Lifecycle.PAUSING) {
            pause(child);
        }
    }

    @Override
    public void validateResume(Request request) {
        if (journal.status() != Lifecycle.PAUSED && journal.status() != Lifecycle.PAUSING) {
            throw new IllegalStateException(
                    "the run is " + journal.status().key() + "; only a paused one can be resumed");
        }
    }

    @Override
    public void resume(Request request) {
        journal.requested("resume", request.actor(), request.reason());
        if (journal.status() == Lifecycle.PAUSED || journal.status() == Lifecycle.PAUSING) {
            journal.become(Lifecycle.RUNNING, null, null);
        }
    }

    @Override
    public void validateCancel(Request request) {
        require(Lifecycle.CANCELLING);
    }

    @Override
    public void cancel(Request request) {
        journal.requested("cancel", request.actor(), request.reason());
        if (journal.status().mayBecome(Lifecycle.CANCELLING)) {
            // Recorded first: a gang that is cancelled looks there whether it should still save.
            journal.become(Lifecycle.CANCELLING, request.reason(), null);
            work.cancel("cancelled by " + request.actor());
        }
    }

    private void require(Lifecycle next) {
        if (!journal.status().mayBecome(next)) {
            throw new IllegalStateException(
                    "the run is "
                            + journal.status().key()
                            + "; it would have to be one of: "
                            + Lifecycle.sourcesOf(next));
        }
    }

    private void runStages() {
        Map<String, String> standing = registry.standing(input.runId()).stages();
        Carried prepared = input.carried();
        if (prepared == null) {
            awaitNotPaused();
            prepared = new Preparation(input).prepare();
        }
        for (Stage stage : input.plan().stages()) {
            if (!SUCCEEDED.equals(standing.get(stage.id()))) {
                awaitNotPaused();
                continueAsNewWhenLong(prepared);
                journal.stageStarted(stage.id());
                run(stage, prepared);
                journal.stageEnded(stage.id(), Lifecycle.SUCCEEDED, null);
            }
        }
    }

    private void run(Stage stage, Carried prepared) {
        Plan plan = input.plan();
        switch (stage) {
            case TrainingStage trainingStage -> train(trainingStage, prepared);
            case Stage.Export export ->
                    exports.export(
                            new ExportRequest(
                                    input.runId(),
                                    plan,
                                    export.id(),
                                    prepared.model().architecture(),
                                    prepared.model().tokenizerKey()));
            case Stage.Evaluate evaluate ->
                    evaluations.evaluate(
                            new EvaluateRequest(
                                    input.runId(),
                                    plan,
                                    evaluate.id(),
                                    prepared.model().architecture(),
                                    prepared.model().tokenizerKey(),
                                    prepared.datasets()));
            case Stage.Approve approve ->
                    waitForPerson("stage " + approve.id() + " waits for an approval");
        }
    }

    /// Runs the stage's workflow until the stage is finished; in a pause there is none.
    private void train(TrainingStage stage, Carried prepared) {
        String approvedPhase = null;
        while (true) {
            awaitNotPaused();
            continueAsNewWhenLong(prepared);
            Outcome outcome = trainOnce(stage, prepared, approvedPhase);
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

    private Outcome trainOnce(
            TrainingStage stage, Carried prepared, @Nullable String approvedPhase) {
        TrainingStageWorkflow child =
                Workflow.newChildWorkflowStub(
                        TrainingStageWorkflow.class,
                        ChildWorkflowOptions.newBuilder()
                                .setWorkflowId(
                                        TrainingStageWorkflow.workflowId(input.runId(), stage.id()))
                                .setParentClosePolicy(
                                        ParentClosePolicy.PARENT_CLOSE_POLICY_REQUEST_CANCEL)
                                .setCancellationType(
                                        ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED)
                                .build());
        training = child;
        try {
            return child.train(
                    new TrainingStageWorkflow.Input(
                            input.runId(),
                            input.plan(),
                            stage.id(),
                            prepared.model(),
                            prepared.datasets(),
                            approvedPhase,
                            null));
        } finally {
            training = null;
        }
    }

    private static void pause(TrainingStageWorkflow child) {
        Workflow.getWorkflowExecution(child).get();
        try {
            child.pause();
        } catch (SignalExternalWorkflowException e) {
            // It ended before the signal came, and the run pauses before the next stage.
            Workflow.getLogger(RunWorkflowImpl.class).info("the stage has ended already");
        }
    }

    private void waitForPerson(String reason) {
        if (journal.status() != Lifecycle.PAUSED) {
            journal.become(Lifecycle.PAUSED, reason, null);
        }
        awaitNotPaused();
    }

    private void awaitNotPaused() {
        while (journal.status() == Lifecycle.PAUSING || journal.status() == Lifecycle.PAUSED) {
            if (journal.status() == Lifecycle.PAUSING) {
                journal.become(Lifecycle.PAUSED, journal.reason(), null);
            }
            Workflow.await(() -> journal.status() != Lifecycle.PAUSED);
        }
    }

    /// No child runs when this is called, so none is left without a parent.
    private void continueAsNewWhenLong(Carried prepared) {
        if (journal.status() == Lifecycle.RUNNING
                && Workflow.isEveryHandlerFinished()
                && (Workflow.getInfo().getHistoryLength() > ActivityPolicies.HISTORY_EVENTS
                        || Workflow.getInfo().isContinueAsNewSuggested())) {
            Workflow.newContinueAsNewStub(RunWorkflow.class)
                    .run(new Input(input.runId(), input.plan(), prepared));
        }
    }

    private void endUnfinished(RuntimeException thrown) {
        if (journal.status() == Lifecycle.CANCELLING || Failures.isCancellation(thrown)) {
            endStage(Lifecycle.CANCELLED, null);
            journal.become(Lifecycle.CANCELLED, journal.reason(), null);
            awaitHandlers();
            if (CancellationScope.current().isCancelRequested()) {
                throw new CanceledFailure("the run is cancelled");
            }
            return;
        }
        Failure failure = Failures.read(thrown);
        endStage(Lifecycle.FAILED, failure);
        journal.become(Lifecycle.FAILED, failure.what(), failure);
        awaitHandlers();
        throw Failures.ofWorkflow(failure);
    }

    private void endStage(Lifecycle how, @Nullable Failure failure) {
        String stage = journal.stage();
        if (stage != null) {
            journal.stageEnded(stage, how, failure);
        }
    }

    /// A request that was taken is answered before the workflow ends.
    private static void awaitHandlers() {
        Workflow.newDetachedCancellationScope(
                        () -> Workflow.await(Workflow::isEveryHandlerFinished))
                .run();
    }
}
