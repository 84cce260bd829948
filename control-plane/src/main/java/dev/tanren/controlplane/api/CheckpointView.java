package dev.tanren.controlplane.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A committed checkpoint.
///
/// @param weightsSha256 over all weights and optimizer state: equal hashes are equal states
/// @param quarantined why no run goes on from it; null where one may
public record CheckpointView(
        String stage,
        String phase,
        long step,
        int attempt,
        double loss,
        long bytes,
        String weightsSha256,
        String manifestKey,
        Instant committedAt,
        @Nullable Instant verifiedAt,
        @Nullable String quarantined) {}
