package dev.tanren.workflows;

import static io.temporal.api.enums.v1.UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunAction;
import dev.tanren.workflows.activity.GangActivities;
import dev.tanren.workflows.activity.RegistryActivities.RequestEntry;
import dev.tanren.workflows.failure.Failure;
import dev.tanren.workflows.failure.Failures;
import dev.tanren.workflows.run.RunWorkflow;
import dev.tanren.workflows.training.TrainingStageWorkflow;
import io.temporal.api.common.v1.Payloads;
import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.history.v1.ActivityTaskScheduledEventAttributes;
import io.temporal.api.history.v1.HistoryEvent;
import io.temporal.api.update.v1.Input;
import io.temporal.api.update.v1.Meta;
import io.temporal.api.update.v1.Request;
import io.temporal.api.update.v1.WaitPolicy;
import io.temporal.api.workflowservice.v1.RespondActivityTaskCompletedByIdRequest;
import io.temporal.api.workflowservice.v1.UpdateWorkflowExecutionRequest;
import io.temporal.api.workflowservice.v1.UpdateWorkflowExecutionResponse;
import io.temporal.client.ActivityCompletionClient;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.failure.ApplicationFailure;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What another user of the machine, who has no key, writes into a real Temporal server is not
/// taken.
@Timeout(120)
class ForgedAnswersTest extends WorkflowTest {

    private static final String RUN = RunWorkflow.workflowId("r");
    private static final String STAGE = TrainingStageWorkflow.workflowId("r", "adapt");
    private static final String GATE = "EvaluateEvaluate";

    private static final Map<String, Object> PASSED =
            Map.of("execution", 1, "stageId", "gate", "metrics", Map.of("code.perplexity", 1.0));

    private WorkflowServiceStubs service;
    private WorkflowClient rogue;

    @Override
    TestTemporal server() {
        return TestTemporal.startReal();
    }

    @BeforeEach
    void connectsWithoutTheKey() {
        service =
                WorkflowServiceStubs.newServiceStubs(
                        WorkflowServiceStubsOptions.newBuilder()
                                .setTarget(Objects.requireNonNull(temporal.server()).address())
                                .build());
        rogue = WorkflowClient.newInstance(service);
    }

    @AfterEach
    void leaves() {
        service.shutdownNow();
    }

    @Test
    void aGateThatSomebodyElseCompletesAsPassedIsNotPassed() {
        WorkflowStub run = heldAtTheGate();

        completions().complete(RUN, Optional.empty(), idOf(RUN, GATE), PASSED);

        assertFailedWith(run, "a payload is not sealed");
    }

    @Test
    void aGateThatSomebodyElseCompletesWithNothingIsNotPassed() {
        WorkflowStub run = heldAtTheGate();

        complete(idOf(RUN, GATE), Payloads.getDefaultInstance());

        assertFailedWith(run, "a payload is missing where one is due");
    }

    @Test
    void aGateThatIsAnsweredWithACopyOfAnotherAnswerIsNotPassed() {
        WorkflowStub run = heldAtTheGate();

        complete(idOf(RUN, GATE), lastAnswer());

        assertFailedWith(run, "a payload was changed, or sealed for something else");
    }

    @Test
    void aGateThatIsAnsweredWithACopyOfAnotherGatesAnswerIsNotPassed() {
        CountDownLatch first = platform.hold("evaluate");
        WorkflowStub run = temporal.start(Plans.twoGates());
        TestTemporal.await(() -> platform.log.contains("evaluate at work"));
        String firstGate = idOf(RUN, GATE);
        platform.held.put("evaluate", new CountDownLatch(1));
        first.countDown();
        TestTemporal.await(
                () -> platform.log.stream().filter("evaluate at work"::equals).count() == 2);

        complete(idOf(RUN, GATE), answerTo(firstGate));

        assertFailedWith(
                run, "an answer to stage first of execution 1 stands for one to stage gate");
        assertThat(platform.stages).containsEntry("first", "succeeded");
    }

    @Test
    void aFailureThatSomebodyElseGivesIsNotTakenForOneOfAWorker() {
        WorkflowStub run = heldAtTheGate();

        completions()
                .completeExceptionally(
                        RUN,
                        Optional.empty(),
                        idOf(RUN, GATE),
                        ApplicationFailure.newNonRetryableFailure(
                                "believe me", ErrorCode.GATE_FAILED.name()));

        assertFailedWith(run, "a failure is not sealed");
    }

    @Test
    void anAttemptThatSomebodyElseFinishesEndsAndIsNotTakenForFinished() {
        platform.script.add(platform.untilCancelled(3));
        WorkflowStub run = temporal.start(Plans.published());
        TestTemporal.await(() -> platform.log.contains("gang at work"));

        completions()
                .complete(
                        STAGE,
                        Optional.empty(),
                        idOf(STAGE, "GangTrain"),
                        new GangActivities.GangResult(1, true, 10));

        assertFailedWith(run, "a payload is not sealed");
        assertThat(platform.log)
                .contains("attempt ended for its worker: a payload is not sealed")
                .doesNotContain("stage adapt succeeded");
    }

    @Test
    void aSignalOfSomebodyElseIsDropped() {
        platform.script.add(platform.untilCancelled(3));
        WorkflowStub run = temporal.start(Plans.published());
        TestTemporal.await(() -> platform.log.contains("gang at work"));
        WorkflowStub stage = rogue.newUntypedWorkflowStub(STAGE);

        stage.signal("pause");
        stage.signal("pause", "r");
        temporal.ask(RunAction.PAUSE, null);
        TestTemporal.await(() -> platform.count("paused") == 1);
        temporal.ask(RunAction.RESUME, null);
        run.getResult(Void.class);

        assertThat(platform.gangs)
                .as("stopped by the pause of a person alone")
                .extracting(GangActivities.GangRequest::resumeStep)
                .containsExactly(0L, 3L, 10L);
    }

    @Test
    void aRequestOfSomebodyElseIsRefusedAndNotRecorded() {
        WorkflowStub run = heldAtTheGate();
        WorkflowStub forged = rogue.newUntypedWorkflowStub(RUN);

        assertThatThrownBy(
                        () ->
                                forged.update(
                                        "cancel",
                                        Void.class,
                                        new RunWorkflow.Request(
                                                "1",
                                                1,
                                                RunAction.CANCEL,
                                                Actor.nobody(null),
                                                "enough")))
                .isInstanceOf(WorkflowUpdateException.class);
        platform.hold("evaluate").countDown();
        run.getResult(Void.class);

        assertThat(platform.log).noneMatch(line -> line.contains("by nobody"));
        assertThat(platform.statuses()).endsWith("succeeded");
    }

    @Test
    void aRunThatSomebodyElseBeginsFailsAtOnce() {
        WorkflowStub forged =
                rogue.newUntypedWorkflowStub(
                        "Run",
                        WorkflowOptions.newBuilder()
                                .setTaskQueue(RunWorkflow.TASK_QUEUE)
                                .setWorkflowId(RunWorkflow.workflowId("forged"))
                                .build());
        forged.start(Map.of("runId", "forged"));

        assertThatThrownBy(() -> forged.getResult(Void.class))
                .isInstanceOf(WorkflowFailedException.class);
        assertThat(platform.log).isEmpty();
    }

    /// A phase waits for a person; the pause that Ada asked for before lies in the history.
    @ParameterizedTest
    @ValueSource(strings = {"pause", "resume", "cancel"})
    void whatAPersonAskedForOnceIsTakenForNothingElseAndNotAgain(String name) {
        platform.script.add(platform.untilCancelled(3));
        WorkflowStub run =
                temporal.start(
                        Plans.twoPhases(
                                new TrainingStage.EntryCondition(
                                        "code.loss", 0.001, null, TrainingStage.Otherwise.PAUSE)));
        temporal.pauseAtWork("lunch", 1);
        temporal.ask(RunAction.RESUME, "eaten");
        TestTemporal.await(() -> platform.count("paused") == 2);

        for (Payloads copy : argumentsOfUpdates()) {
            assertThat(update(name, copy).getOutcome().hasFailure()).isTrue();
        }

        assertThat(platform.asked).extracting(RequestEntry::action).hasSize(2);
        assertThat(platform.statuses()).endsWith("paused");
        temporal.ask(RunAction.RESUME, "let it in");
        run.getResult(Void.class);
    }

    /// The question lies in the history, sealed for the same activity.
    @Test
    void aGateThatIsAnsweredWithItsOwnQuestionIsNotPassed() {
        WorkflowStub run = heldAtTheGate();

        complete(idOf(RUN, GATE), scheduled(RUN, GATE).getInput());

        assertFailedWith(run, "a payload of EvaluateActivities$EvaluateRequest stands where");
    }

    @Test
    void aRecordThatIsAnsweredWithItsOwnQuestionIsWrittenAgain() {
        CountDownLatch held = platform.hold("stage");
        WorkflowStub run = temporal.start(Plans.published());
        TestTemporal.await(() -> platform.log.contains("stage at work"));

        complete(
                idOf(RUN, "RegistryRecordStage"), scheduled(RUN, "RegistryRecordStage").getInput());
        held.countDown();
        run.getResult(Void.class);

        assertThat(platform.statuses()).endsWith("succeeded");
    }

    @Test
    void whatTheServiceKeepsShowsNothingOfThePlanNorOfAFailure() {
        String canary = "a rank of long was here";
        platform.script.add(
                request -> {
                    throw Failures.ofActivity(
                            new TanrenException(
                                    ErrorCode.GATE_FAILED, canary, "rank 0", "nothing"));
                });
        WorkflowStub run = temporal.start(Plans.published());
        assertThatThrownBy(() -> run.getResult(Void.class))
                .isInstanceOf(WorkflowFailedException.class)
                .cause()
                .hasMessageContaining(canary);

        for (String workflow : new String[] {RUN, STAGE}) {
            String kept =
                    temporal.history(workflow).getEvents().stream()
                            .map(HistoryEvent::toByteString)
                            .reduce(ByteString.EMPTY, ByteString::concat)
                            .toStringUtf8();
            assertThat(kept)
                    .contains("tanren")
                    .doesNotContain(canary, "globalBatch", "perplexity", "learningRate", "llama");
        }
    }

    private WorkflowStub heldAtTheGate() {
        platform.hold("evaluate");
        WorkflowStub run = temporal.start(Plans.published());
        TestTemporal.await(() -> platform.log.contains("evaluate at work"));
        return run;
    }

    private ActivityCompletionClient completions() {
        return rogue.newActivityCompletionClient();
    }

    private void complete(String activityId, Payloads result) {
        service.blockingStub()
                .respondActivityTaskCompletedById(
                        RespondActivityTaskCompletedByIdRequest.newBuilder()
                                .setNamespace("default")
                                .setWorkflowId(RUN)
                                .setActivityId(activityId)
                                .setResult(result)
                                .build());
    }

    private String idOf(String workflow, String activityType) {
        return scheduled(workflow, activityType).getActivityId();
    }

    private List<Payloads> argumentsOfUpdates() {
        return temporal.history(RUN).getEvents().stream()
                .filter(HistoryEvent::hasWorkflowExecutionUpdateAcceptedEventAttributes)
                .map(HistoryEvent::getWorkflowExecutionUpdateAcceptedEventAttributes)
                .map(accepted -> accepted.getAcceptedRequest().getInput().getArgs())
                .toList();
    }

    private UpdateWorkflowExecutionResponse update(String name, Payloads arguments) {
        return service.blockingStub()
                .updateWorkflowExecution(
                        UpdateWorkflowExecutionRequest.newBuilder()
                                .setNamespace("default")
                                .setWorkflowExecution(
                                        WorkflowExecution.newBuilder().setWorkflowId(RUN))
                                .setWaitPolicy(
                                        WaitPolicy.newBuilder()
                                                .setLifecycleStage(
                                                        UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED))
                                .setRequest(
                                        Request.newBuilder()
                                                .setMeta(
                                                        Meta.newBuilder()
                                                                .setUpdateId(
                                                                        UUID.randomUUID()
                                                                                .toString()))
                                                .setInput(
                                                        Input.newBuilder()
                                                                .setName(name)
                                                                .setArgs(arguments)))
                                .build());
    }

    private ActivityTaskScheduledEventAttributes scheduled(String workflow, String activityType) {
        return temporal.history(workflow).getEvents().stream()
                .filter(HistoryEvent::hasActivityTaskScheduledEventAttributes)
                .map(HistoryEvent::getActivityTaskScheduledEventAttributes)
                .filter(scheduled -> scheduled.getActivityType().getName().equals(activityType))
                .reduce((first, last) -> last)
                .orElseThrow();
    }

    private Payloads lastAnswer() {
        return temporal.history(RUN).getEvents().stream()
                .filter(HistoryEvent::hasActivityTaskCompletedEventAttributes)
                .map(event -> event.getActivityTaskCompletedEventAttributes().getResult())
                .reduce((first, last) -> last)
                .orElseThrow();
    }

    private Payloads answerTo(String activityId) {
        List<HistoryEvent> events = temporal.history(RUN).getEvents();
        long scheduled =
                events.stream()
                        .filter(HistoryEvent::hasActivityTaskScheduledEventAttributes)
                        .filter(
                                event ->
                                        event.getActivityTaskScheduledEventAttributes()
                                                .getActivityId()
                                                .equals(activityId))
                        .findFirst()
                        .orElseThrow()
                        .getEventId();
        return events.stream()
                .filter(HistoryEvent::hasActivityTaskCompletedEventAttributes)
                .map(HistoryEvent::getActivityTaskCompletedEventAttributes)
                .filter(completed -> completed.getScheduledEventId() == scheduled)
                .findFirst()
                .orElseThrow()
                .getResult();
    }

    private void assertFailedWith(WorkflowStub run, String what) {
        assertThatThrownBy(() -> run.getResult(Void.class))
                .isInstanceOf(WorkflowFailedException.class);
        assertThat(platform.statuses()).endsWith("failed " + ErrorCode.PAYLOAD_REFUSED.name());
        assertThat(platform.failures).extracting(Failure::what).last().asString().startsWith(what);
        assertThat(platform.stages).doesNotContainEntry("gate", "succeeded");
    }
}
