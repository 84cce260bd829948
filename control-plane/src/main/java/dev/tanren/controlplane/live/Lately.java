package dev.tanren.controlplane.live;

import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What was found within the last second. Whoever asks meanwhile is told the same; those who ask
/// while it is being found wait for that, so that many cost what one does.
final class Lately<T> {

    private static final long VALID = Duration.ofSeconds(1).toNanos();

    private final Supplier<T> find;
    private final LongSupplier nanoTime;
    private @Nullable T found;
    private long at;

    Lately(Supplier<T> find, LongSupplier nanoTime) {
        this.find = find;
        this.nanoTime = nanoTime;
    }

    synchronized T get() {
        T known = found;
        if (known != null && nanoTime.getAsLong() - at < VALID) {
            return known;
        }
        T fresh = find.get();
        found = fresh;
        at = nanoTime.getAsLong();
        return fresh;
    }
}
