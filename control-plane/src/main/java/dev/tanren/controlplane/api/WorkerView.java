package dev.tanren.controlplane.api;

import java.time.Instant;

/// A node that runs attempts.
///
/// @param alive whether it was heard of in the last 15 seconds
public record WorkerView(
        String id,
        String host,
        long pid,
        String taskQueue,
        int cores,
        long memoryBytes,
        String version,
        String activity,
        boolean alive,
        Instant startedAt,
        Instant seenAt) {}
