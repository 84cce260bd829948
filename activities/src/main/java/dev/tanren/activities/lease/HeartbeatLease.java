package dev.tanren.activities.lease;

import dev.tanren.plan.error.TanrenException;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.client.ActivityCanceledException;
import io.temporal.client.ActivityCompletionException;
import io.temporal.failure.TimeoutFailure;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/// A lease kept by Temporal heartbeats, one a second from a thread of its own, so that it is held
/// however long a step or an upload takes.
///
/// Beats go on after a cancellation, for as long as the work needs to end in good order.
public final class HeartbeatLease implements Lease, AutoCloseable {

    private static final long BEAT_MILLIS = 1_000;

    private final LongConsumer heart;
    private final Drain drain;
    private final AtomicLong step = new AtomicLong();
    private volatile State state = State.HELD;
    private final Thread thread;

    private HeartbeatLease(String name, LongConsumer heart, Drain drain) {
        this.heart = heart;
        this.drain = drain;
        this.thread = Thread.ofVirtual().name("heartbeat-" + name).unstarted(this::beat);
    }

    public static HeartbeatLease hold(ActivityExecutionContext context, Drain drain) {
        return hold(context.getInfo().getActivityId(), context::heartbeat, drain);
    }

    /// @param heart one beat, with the step that was reached; throws what Temporal's client throws
    static HeartbeatLease hold(String name, LongConsumer heart, Drain drain) {
        HeartbeatLease lease = new HeartbeatLease(name, heart, drain);
        lease.thread.start();
        return lease;
    }

    @Override
    public State state() {
        State current = state;
        return current == State.HELD && drain.begun() ? State.DRAINING : current;
    }

    /// What an activity throws that ended with `error`: Temporal is told of a cancellation as such,
    /// so that it does not try the work again.
    public RuntimeException ending(TanrenException error) {
        return state() == State.CANCELLED ? new ActivityCanceledException() : error;
    }

    @Override
    public void progress(long reached) {
        step.set(reached);
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private void beat() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                beatOnce();
                Thread.sleep(BEAT_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void beatOnce() {
        try {
            heart.accept(step.get());
        } catch (ActivityCanceledException e) {
            if (state == State.HELD) {
                // The client says so too when no beat was answered for the heartbeat timeout.
                state = e.getCause() instanceof TimeoutFailure ? State.UNHEARD : State.CANCELLED;
            }
        } catch (ActivityCompletionException e) {
            if (!drain.begun()) {
                state = State.LOST;
            }
        }
    }
}
