package dev.tanren.workflows;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.run.RunAction;
import io.temporal.client.WorkflowStub;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A pause that comes while the beginning of an attempt fails. On a real server: the test server
/// tries again what was asked to end.
@Timeout(60)
class PausedBeginningTest extends WorkflowTest {

    @Override
    TestTemporal server() {
        return TestTemporal.startReal();
    }

    @Test
    void whatMayPassIsNoReasonToFailTheRunThatPauses() {
        CountDownLatch begin = platform.hold("begin");
        platform.failsWhenCancelled = ErrorCode.DATABASE_UNREACHABLE;
        WorkflowStub run = temporal.start(Plans.published());
        await(() -> platform.log.contains("begin at work"));

        ask(RunAction.PAUSE, "a reason");
        await(() -> !platform.statuses().getLast().matches("running|pausing"));

        assertThat(platform.statuses()).containsExactly("running", "pausing", "paused");
        begin.countDown();
        ask(RunAction.RESUME, "a reason");
        run.getResult(Void.class);
        assertThat(platform.statuses().getLast()).isEqualTo("succeeded");
    }
}
