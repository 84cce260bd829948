package dev.tanren.controlplane.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Series of one training stage.
///
/// @param steps step numbers in rising order
/// @param rolledBack for each step whether it was undone and not yet run again
/// @param attempt for each step the attempt that computed it
/// @param series by metric name (`loss`, `zLoss` where the plan has one, `mfu` where the peak of
///     the device is known, `learningRate`, `gradientNorm`, `tokens`, `tokensPerSecond`,
///     `sequenceLength`, `residentBytes`, `seconds.total`, `seconds.data`, `seconds.forward`,
///     `seconds.backward`, `seconds.communication`, `seconds.optimizer`, `seconds.checkpoint`): one
///     value for each step, null where it has none or is not finite
/// @param evaluations by dataset, in the order of steps
public record RunMetrics(
        String stage,
        List<Long> steps,
        List<Boolean> rolledBack,
        List<Integer> attempt,
        Map<String, List<@Nullable Double>> series,
        Map<String, List<EvaluationPoint>> evaluations) {

    public record EvaluationPoint(long step, double loss, double perplexity) {}
}
