package dev.tanren.controlplane.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A run as a row of the list.
///
/// @param status key of the run's status: `queued`, `running`, `pausing`, `paused`, `cancelling`,
///     `succeeded`, `failed`, `cancelled`
/// @param reason why it is so, in plain words
/// @param stage the stage at work, or the last one that was
/// @param stageNumber 1-based
/// @param step optimizer step of the stage, of `totalSteps`; both 0 for stages that do not train
/// @param loss of the last step
/// @param zLoss of the last step, which is not part of `loss`; null where the plan has none
/// @param lossTrend losses of the stage thinned to at most 40 points, oldest first
/// @param tokensPerSecond over the last steps, all ranks together
/// @param etaSeconds until the training stage ends
/// @param attempts tries at stages so far
/// @param actions what the caller may ask for now: `pause`, `resume`, `cancel`, `retry`
public record RunSummary(
        String id,
        String name,
        String status,
        @Nullable String reason,
        String owner,
        @Nullable String stage,
        int stageNumber,
        int stageCount,
        @Nullable String phase,
        long step,
        long totalSteps,
        @Nullable Double loss,
        @Nullable Double zLoss,
        List<Double> lossTrend,
        @Nullable Double tokensPerSecond,
        @Nullable Double etaSeconds,
        int attempts,
        List<String> actions,
        Instant createdAt,
        @Nullable Instant startedAt,
        @Nullable Instant finishedAt) {}
