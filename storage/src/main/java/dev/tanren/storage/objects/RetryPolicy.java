package dev.tanren.storage.objects;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/// How long one request to the store is tried again.
///
/// An object that goes in parts is many requests, each with its own deadline: a slow transfer that
/// moves goes on, one that stands still ends.
///
/// @param connect longest wait for a connection
/// @param idle longest wait for the next byte
/// @param attempt longest time of one try
/// @param firstDelay upper bound of the wait after the first try; it doubles with each one
/// @param greatestDelay where the doubling ends
/// @param deadline after it nothing is tried again; a try under way may last until its own limit
public record RetryPolicy(
        Duration connect,
        Duration idle,
        Duration attempt,
        Duration firstDelay,
        Duration greatestDelay,
        Duration deadline) {

    public RetryPolicy {
        requirePositive("connect", connect);
        requirePositive("idle", idle);
        requirePositive("attempt", attempt);
        requirePositive("firstDelay", firstDelay);
        requirePositive("greatestDelay", greatestDelay);
        requirePositive("deadline", deadline);
    }

    /// Rides out a restart of the store, and gives up before a checkpoint interval is lost.
    public static RetryPolicy standard() {
        return new RetryPolicy(
                Duration.ofSeconds(5),
                Duration.ofSeconds(30),
                Duration.ofSeconds(90),
                Duration.ofMillis(100),
                Duration.ofSeconds(5),
                Duration.ofMinutes(2));
    }

    public RetryPolicy withDeadline(Duration newDeadline) {
        return new RetryPolicy(connect, idle, attempt, firstDelay, greatestDelay, newDeadline);
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
