package dev.tanren.controlplane.api;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The figures of one finished step, in the event stream.
///
/// @param values by metric name, as in [RunMetrics#series()]; null where not finite
public record MetricsEvent(
        String stage,
        String phase,
        int attempt,
        long step,
        long totalSteps,
        Map<String, @Nullable Double> values,
        Instant at) {}
