package dev.tanren.activities.gang;

import dev.tanren.activities.lease.Lease;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/// Held until a step is reached, then in another state.
final class FakeLease implements Lease {

    private final long untilStep;
    private final State then;
    private final AtomicLong step = new AtomicLong();
    private final AtomicReference<Boolean> changed = new AtomicReference<>(false);

    FakeLease() {
        this(Long.MAX_VALUE, State.HELD);
    }

    FakeLease(long untilStep, State then) {
        this.untilStep = untilStep;
        this.then = then;
    }

    @Override
    public State state() {
        if (step.get() >= untilStep) {
            changed.set(true);
        }
        return Boolean.TRUE.equals(changed.get()) ? then : State.HELD;
    }

    @Override
    public void progress(long reached) {
        step.set(reached);
    }
}
