package dev.tanren.activities.lease;

import java.util.concurrent.atomic.AtomicBoolean;

/// Set once, when the worker was told to end.
public final class Drain {

    private final AtomicBoolean begun = new AtomicBoolean();

    public void begin() {
        begun.set(true);
    }

    public boolean begun() {
        return begun.get();
    }
}
