package dev.tanren.controlplane.api;

import java.time.Instant;

/// A node that runs attempts.
///
/// @param memoryBytes what the processes that it launches may have together
/// @param promisedBytes of that, to those that are at work
/// @param freeBytes what is left to promise
/// @param alive whether it was heard of in the last 15 seconds
public record WorkerView(
        String id,
        String host,
        long pid,
        String taskQueue,
        int cores,
        long memoryBytes,
        long promisedBytes,
        long freeBytes,
        String version,
        String activity,
        boolean alive,
        Instant startedAt,
        Instant seenAt) {}
