package dev.tanren.controlplane.api;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Something that happened to a run. `id` is also the event's id in the event stream.
public record EventView(
        long id,
        String type,
        @Nullable String stage,
        String message,
        Map<String, Object> data,
        Instant at) {}
