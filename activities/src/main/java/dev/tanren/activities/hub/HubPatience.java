package dev.tanren.activities.hub;

import java.time.Duration;

/// How long the Hub is waited for, and how often it is asked again.
///
/// @param connect longest wait for a connection
/// @param answer longest wait for the head of an answer
/// @param idle longest wait for the next byte
/// @param tries fruitless ones in a row, after which a file is given up; one that brings a MiB or
///     ends the file is not fruitless
/// @param firstDelay wait after the first fruitless try; it doubles with each one
/// @param greatestDelay where the doubling ends
/// @param greatestAsked longest wait that a `Retry-After` may ask for
/// @param deadline of a listing; a file has as much more as it takes at [#SLOWEST]
public record HubPatience(
        Duration connect,
        Duration answer,
        Duration idle,
        int tries,
        Duration firstDelay,
        Duration greatestDelay,
        Duration greatestAsked,
        Duration deadline) {

    /// Bytes a second, below which a transfer is given up.
    public static final long SLOWEST = 128 << 10;

    /// Rides out the Hub's own limit, which counts in windows of five minutes.
    public static HubPatience standard() {
        return new HubPatience(
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofSeconds(30),
                6,
                Duration.ofMillis(500),
                Duration.ofSeconds(20),
                Duration.ofMinutes(5),
                Duration.ofMinutes(10));
    }

    /// How long a transfer of this many bytes may last.
    public Duration deadline(long bytes) {
        return deadline.plusSeconds(bytes / SLOWEST);
    }
}
