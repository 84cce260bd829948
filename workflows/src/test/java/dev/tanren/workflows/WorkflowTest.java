package dev.tanren.workflows;

import dev.tanren.plan.Plan;
import dev.tanren.plan.run.RunAction;
import dev.tanren.workflows.run.RunWorkflow;
import io.temporal.client.WorkflowStub;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/// What the tests of workflows share: a server and workers of its own for each test.
abstract class WorkflowTest {

    TestTemporal temporal;
    FakePlatform platform;

    @BeforeEach
    void startsAServerAndAWorker() {
        temporal = server();
        platform = temporal.platform();
    }

    /// The test server unless a test needs the real one.
    TestTemporal server() {
        return TestTemporal.start();
    }

    /// Nothing was started where the test is skipped for want of a server.
    @AfterEach
    void stopsThem() {
        if (temporal != null) {
            temporal.close();
        }
    }

    final WorkflowStub start(Plan plan) {
        return temporal.start(plan);
    }

    /// The run, for queries.
    final RunWorkflow ask() {
        return temporal.run(RunWorkflow.workflowId("r"));
    }

    final void ask(RunAction action, @Nullable String reason) {
        temporal.ask(action, reason);
    }

    static void await(BooleanSupplier condition) {
        TestTemporal.await(condition);
    }
}
