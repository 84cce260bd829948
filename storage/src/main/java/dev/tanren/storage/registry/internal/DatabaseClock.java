package dev.tanren.storage.registry.internal;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jdbi.v3.core.Handle;

/// Turns times of this process's clock into those of the database's, which alone is told to people:
/// what a worker with a wrong clock has measured would be of the future, or would seem older than
/// what came before it.
///
/// @param own clock of this process
record DatabaseClock(InstantSource own) {

    /// Closer than anything is told, and farther apart than the way of a question.
    private static final Duration AGREE = Duration.ofSeconds(1);

    /// What is to be added to a time of this process's clock: nothing where the two agree.
    Duration ahead(Handle handle) {
        Instant before = own.instant();
        Instant there = handle.createQuery("select clock_timestamp()").mapTo(Instant.class).one();
        Instant after = own.instant();
        boolean agree = !there.isBefore(before.minus(AGREE)) && !there.isAfter(after.plus(AGREE));
        return agree ? Duration.ZERO : Duration.between(before, there);
    }
}
