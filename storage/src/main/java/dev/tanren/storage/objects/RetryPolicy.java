package dev.tanren.storage.objects;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/// How long one request to the store is tried again.
///
/// A transfer that moves goes on however slow it is, and one that stands still ends after `idle`:
/// of an upload, 64 KiB must leave within that time. One that broke off late is tried again at
/// least once, so that the deadline is one of standing still and not of being slow.
///
/// @param connect longest wait for a connection
/// @param idle longest wait for the next byte
/// @param firstDelay upper bound of the wait after the first try; it doubles with each one
/// @param greatestDelay where the doubling ends
/// @param deadline after it nothing is tried a third time; a try under way may go on
public record RetryPolicy(
        Duration connect,
        Duration idle,
        Duration firstDelay,
        Duration greatestDelay,
        Duration deadline) {

    public RetryPolicy {
        requirePositive("connect", connect);
        requirePositive("idle", idle);
        requirePositive("firstDelay", firstDelay);
        requirePositive("greatestDelay", greatestDelay);
        requirePositive("deadline", deadline);
    }

    /// Rides out a restart of the store, and gives up before a checkpoint interval is lost.
    public static RetryPolicy standard() {
        return new RetryPolicy(
                Duration.ofSeconds(5),
                Duration.ofSeconds(30),
                Duration.ofMillis(100),
                Duration.ofSeconds(5),
                Duration.ofMinutes(2));
    }

    public RetryPolicy withDeadline(Duration newDeadline) {
        return new RetryPolicy(connect, idle, firstDelay, greatestDelay, newDeadline);
    }

    private static final int LEAST_TRIES = 2;

    /// Whether there is another try.
    ///
    /// @param tries made so far
    /// @param elapsed from the first try to when the next one would begin
    boolean allows(int tries, Duration elapsed) {
        return tries < LEAST_TRIES || elapsed.compareTo(deadline) < 0;
    }

    /// A random wait of up to twice the one before ("full jitter"), so that ranks that failed
    /// together do not come back together.
    ///
    /// @param tries made so far, 1 or more
    Duration delayAfter(int tries) {
        long bound = greatestDelay.toMillis();
        if (tries <= 20) {
            bound = Math.min(bound, firstDelay.toMillis() << (tries - 1));
        }
        return Duration.ofMillis(ThreadLocalRandom.current().nextLong(bound + 1));
    }

    private static void requirePositive(String name, Duration value) {
        if (!value.isPositive()) {
            throw new IllegalArgumentException(name + " must be positive, not " + value);
        }
    }
}
