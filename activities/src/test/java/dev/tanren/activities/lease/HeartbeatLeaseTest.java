package dev.tanren.activities.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.temporal.api.enums.v1.TimeoutType;
import io.temporal.client.ActivityCanceledException;
import io.temporal.client.ActivityNotExistsException;
import io.temporal.failure.TimeoutFailure;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HeartbeatLeaseTest {

    private final TanrenException ended =
            new TanrenException(ErrorCode.RANK_PREEMPTED, "ended", "here", "nothing to do");

    private final Drain drain = new Drain();
    private final AtomicReference<@Nullable RuntimeException> answer = new AtomicReference<>();

    @Test
    void aCancellationIsToldAsOne() {
        try (HeartbeatLease lease = hold()) {
            answer.set(new ActivityCanceledException());

            awaitState(lease, Lease.State.CANCELLED);
            assertThat(lease.ending(ended)).isInstanceOf(ActivityCanceledException.class);
        }
    }

    /// The client reports both by the same exception. To take one for the other would end the work
    /// of a run for good that nobody cancelled.
    @Test
    void aTemporalThatDoesNotAnswerCancelsNothing() {
        try (HeartbeatLease lease = hold()) {
            answer.set(silence());

            awaitState(lease, Lease.State.UNHEARD);
            assertThat(lease.ending(ended)).isSameAs(ended);
        }
    }

    @Test
    void whatWasGivenToAnotherMeanwhileIsLost() {
        try (HeartbeatLease lease = hold()) {
            answer.set(silence());
            awaitState(lease, Lease.State.UNHEARD);

            answer.set(new ActivityNotExistsException(new IllegalStateException("gone")));

            awaitState(lease, Lease.State.LOST);
        }
    }

    @Test
    void aWorkerThatEndsDrains() {
        try (HeartbeatLease lease = hold()) {
            drain.begin();
            answer.set(new ActivityNotExistsException(new IllegalStateException("ending")));

            awaitState(lease, Lease.State.DRAINING);
        }
    }

    private HeartbeatLease hold() {
        return HeartbeatLease.hold(
                "test",
                step -> {
                    RuntimeException thrown = answer.get();
                    if (thrown != null) {
                        throw thrown;
                    }
                },
                drain);
    }

    private static ActivityCanceledException silence() {
        return new ActivityCanceledException(
                null, new TimeoutFailure(null, null, TimeoutType.TIMEOUT_TYPE_HEARTBEAT));
    }

    private static void awaitState(HeartbeatLease lease, Lease.State state) {
        await().atMost(Duration.ofSeconds(10)).until(() -> lease.state() == state);
    }
}
