package dev.tanren.trainer.checkpoint;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What a checkpoint knows beside tensors. Training draws no random numbers but those that follow
/// from the plan's seed and the data position, so there is no other random state.
///
/// @param step last step of the stage that is in it; 0 before the first
/// @param optimizerSteps optimizer steps that are in the moments; lower than `step` where a phase
///     or a batch was left out
/// @param values the checkpoint's `state`, data offsets among them
public record CheckpointState(long step, long optimizerSteps, Map<String, String> values) {

    private static final String OPTIMIZER_STEPS = "optimizer.steps";
    private static final String SCHEDULE_TOKENS = "schedule.tokens";
    private static final String PHASE = "phase";

    public CheckpointState {
        values = Map.copyOf(values);
    }

    /// Before the first step of a stage.
    public static CheckpointState beginning() {
        return new CheckpointState(0, 0, Map.of());
    }

    static CheckpointState of(long step, Map<String, String> values) {
        return new CheckpointState(
                step,
                Long.parseLong(values.getOrDefault(OPTIMIZER_STEPS, Long.toString(step))),
                values);
    }

    /// After one more step.
    ///
    /// @param scheduleTokens tokens of the stage's schedule that are done
    /// @param more what others remember, data offsets among them
    public static Map<String, String> values(
            long optimizerSteps,
            long scheduleTokens,
            String phase,
            List<Map<String, String>> more) {
        Map<String, String> values = new TreeMap<>();
        more.forEach(values::putAll);
        values.put(OPTIMIZER_STEPS, Long.toString(optimizerSteps));
        values.put(SCHEDULE_TOKENS, Long.toString(scheduleTokens));
        values.put(PHASE, phase);
        return values;
    }
}
