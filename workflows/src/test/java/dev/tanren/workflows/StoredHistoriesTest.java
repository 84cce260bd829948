package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunAction;
import dev.tanren.workflows.activity.ActivityPolicies;
import dev.tanren.workflows.activity.RegistryActivities;
import dev.tanren.workflows.run.RunWorkflow;
import dev.tanren.workflows.training.TrainingStageWorkflow;
import io.temporal.client.WorkflowStub;
import io.temporal.common.WorkflowExecutionHistory;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.testing.WorkflowReplayer;
import io.temporal.worker.Worker;
import io.temporal.workflow.Workflow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Histories of finished runs replay on today's workflow code, so it can take over runs that an
/// earlier version began.
///
/// After a deliberate change that is versioned, or before a release, add new ones with `mvn -pl
/// workflows test -Dtest=StoredHistoriesTest -Dtanren.test.arguments=-Dtanren.histories=write`; old
/// ones stay as long as runs of their version may live.
@Timeout(60)
class StoredHistoriesTest {

    private static final Path FOLDER = Path.of("src/test/resources/histories");
    private static final String RUN_ID = RunWorkflow.workflowId("r");
    private static final String STAGE_ID = TrainingStageWorkflow.workflowId("r", "adapt");

    static List<Path> histories() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("histories")
    void aStoredHistoryReplays(Path file) {
        assertThatCode(() -> replay(file, WorkflowTypes.implementations()))
                .doesNotThrowAnyException();
    }

    @Test
    void aWorkflowThatWasChangedWithoutAVersionDoesNotReplay() {
        assertThatThrownBy(
                        () ->
                                replay(
                                        FOLDER.resolve("published-run.json"),
                                        List.of(RunThatForgetsToRecordItsStart.class)))
                .hasStackTraceContaining("NonDeterministic");
    }

    @Test
    void bothKindsOfWorkflowsAreStored() throws IOException {
        assertThat(histories())
                .extracting(file -> file.getFileName().toString())
                .anyMatch(name -> name.endsWith("-run.json"))
                .anyMatch(name -> name.endsWith("-stage.json"));
    }

    @Test
    @EnabledIfSystemProperty(named = "tanren.histories", matches = "write")
    void writesTheHistories() throws IOException {
        try (TestTemporal temporal = TestTemporal.start()) {
            temporal.start(Plans.published()).getResult(Void.class);
            write(temporal, RUN_ID, "published-run.json");
            write(temporal, STAGE_ID, "published-stage.json");
        }
        try (TestTemporal temporal = TestTemporal.start()) {
            FakePlatform platform = temporal.platform();
            platform.script.add(platform.failing(ErrorCode.RANK_CRASHED, 3));
            platform.script.add(platform.failing(ErrorCode.RANK_CRASHED, 3));
            platform.script.add(platform.untilCancelled(7));
            WorkflowStub run = temporal.start(Plans.twoPhases());
            TestTemporal.await(() -> platform.log.contains("gang at work"));
            temporal.ask(RunAction.PAUSE, null);
            TestTemporal.await(() -> platform.statuses().contains("paused"));
            write(temporal, STAGE_ID, "crashed-and-paused-stage.json");
            temporal.ask(RunAction.RESUME, null);
            run.getResult(Void.class);
            write(temporal, RUN_ID, "paused-and-resumed-run.json");
        }
        try (TestTemporal temporal = TestTemporal.start()) {
            FakePlatform platform = temporal.platform();
            platform.script.add(platform.failing(ErrorCode.RANK_CRASHED, 3));
            platform.script.add(platform.failing(ErrorCode.WORKER_FULL, 3));
            platform.askedFirst.addAll(List.of("gone", "w1"));
            temporal.start(Plans.twoPhases()).getResult(Void.class);
            write(temporal, STAGE_ID, "asked-first-stage.json");
        }
        try (TestTemporal temporal = TestTemporal.start()) {
            FakePlatform platform = temporal.platform();
            platform.script.add(platform.untilCancelled(7));
            WorkflowStub run = temporal.start(Plans.twoPhases());
            TestTemporal.await(() -> platform.log.contains("gang at work"));
            temporal.ask(RunAction.CANCEL, "enough");
            run.getResult(Void.class);
            write(temporal, RUN_ID, "cancelled-run.json");
            write(temporal, STAGE_ID, "cancelled-stage.json");
        }
    }

    private static void write(TestTemporal temporal, String workflowId, String name)
            throws IOException {
        Files.createDirectories(FOLDER);
        Files.writeString(
                FOLDER.resolve(name),
                temporal.environment().getWorkflowClient().fetchHistory(workflowId).toJson(true)
                        + "\n");
    }

    private static void replay(Path file, List<Class<?>> implementations) throws Exception {
        try (TestWorkflowEnvironment environment = TestTemporal.inMemory()) {
            Worker worker = environment.newWorker(RunWorkflow.TASK_QUEUE, TestTemporal.options());
            worker.registerWorkflowImplementationTypes(implementations.toArray(Class<?>[]::new));
            WorkflowReplayer.replayWorkflowExecution(
                    WorkflowExecutionHistory.fromJson(Files.readString(file), workflowOf(file)),
                    worker);
        }
    }

    /// What is sealed belongs to its workflow.
    private static String workflowOf(Path file) {
        return file.toString().endsWith("-run.json") ? RUN_ID : STAGE_ID;
    }

    /// What a careless change looks like.
    public static final class RunThatForgetsToRecordItsStart implements RunWorkflow {

        @Override
        public Ended run(Input input) {
            Workflow.newActivityStub(RegistryActivities.class, ActivityPolicies.registry())
                    .standing(
                            new RegistryActivities.StandingQuery(input.runId(), input.execution()));
            return new Ended(1, "succeeded");
        }

        @Override
        public Taken pause(Request request) {
            return new Taken(request.id());
        }

        @Override
        public void validatePause(Request request) {}

        @Override
        public Taken resume(Request request) {
            return new Taken(request.id());
        }

        @Override
        public void validateResume(Request request) {}

        @Override
        public Taken cancel(Request request) {
            return new Taken(request.id());
        }

        @Override
        public void validateCancel(Request request) {}

        @Override
        public State state() {
            return new State("running", null, null);
        }
    }
}
