package dev.tanren.controlplane.situation;

import dev.tanren.storage.registry.Metrics;
import dev.tanren.storage.registry.Metrics.StageKey;
import dev.tanren.storage.registry.Metrics.StepRow;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a stage's last steps say of its speed.
///
/// @param loss of the newest step
/// @param zLoss of the newest step; null where the plan has none
/// @param secondsPerStep mean over the last steps; null when none was measured
public record RecentSteps(
        @Nullable Double loss,
        @Nullable Double zLoss,
        @Nullable Double secondsPerStep,
        @Nullable Double tokensPerSecond) {

    public static final RecentSteps NONE = new RecentSteps(null, null, null, null);

    /// Enough to even out one save or evaluation.
    private static final int COUNTED = 20;

    public static RecentSteps of(Metrics metrics, String runId, String stageId, long step) {
        StageKey stage = new StageKey(runId, stageId);
        return of(read(metrics, Map.of(stage, step)).getOrDefault(runId, List.of()));
    }

    /// The rows that [#of(List)] takes, by run, of one stage of each.
    ///
    /// @param stages each with the step at which it stands
    public static Map<String, List<StepRow>> read(Metrics metrics, Map<StageKey, Long> stages) {
        Map<StageKey, Long> from = new HashMap<>();
        stages.forEach((stage, step) -> from.put(stage, Math.max(1, step - COUNTED + 1)));
        return metrics.newest(from, COUNTED);
    }

    public static RecentSteps of(List<StepRow> rows) {
        if (rows.isEmpty()) {
            return NONE;
        }
        double seconds = values(rows, "seconds.total").mapToDouble(Double::doubleValue).sum();
        double tokens = values(rows, "tokens").mapToDouble(Double::doubleValue).sum();
        return new RecentSteps(
                finite(rows.getLast().values().get("loss")),
                finite(rows.getLast().values().get("zLoss")),
                seconds > 0 ? seconds / rows.size() : null,
                seconds > 0 ? tokens / seconds : null);
    }

    private static Stream<Double> values(List<StepRow> rows, String name) {
        return rows.stream().map(row -> row.values().get(name)).filter(Objects::nonNull);
    }

    /// JSON has no number for what is not finite.
    public static @Nullable Double finite(@Nullable Double value) {
        return value == null || value.isNaN() || value.isInfinite() ? null : value;
    }
}
