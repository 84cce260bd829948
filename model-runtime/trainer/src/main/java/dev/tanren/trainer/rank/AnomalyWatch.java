package dev.tanren.trainer.rank;

import dev.tanren.launch.Report.AnomalyKind;
import dev.tanren.plan.Anomalies;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Decides for each step whether it may be applied, as [Anomalies] says.
///
/// It decides by figures that are equal on all ranks, and all that it remembers is in checkpoints,
/// so all ranks decide alike, and so does a run that was resumed.
final class AnomalyWatch {

    private static final String SKIPPED = "anomalies.skipped";
    private static final String LOSSES = "anomalies.losses";
    private static final String LOSSES_PHASE = "anomalies.losses.phase";
    private static final String LAST_LOSS = "anomalies.losses.last";

    /// Losses of a phase that must be known before one can be called a jump.
    private static final int FEWEST = 16;

    /// Makes the median absolute deviation of normal figures their standard deviation.
    private static final double NORMAL = 1.4826;

    private static final double SMALLEST_DEVIATION = 0.025;

    private final Anomalies policy;
    private final String phase;
    private final NavigableSet<Long> skipped = new TreeSet<>();
    private final NavigableSet<Long> toSkip;
    private final Deque<Double> losses = new ArrayDeque<>();
    private double lastLoss;

    /// What is wrong with a step.
    ///
    /// @param action what is to be done about it
    /// @param median of the window's losses; null where too few are known
    record Finding(AnomalyKind kind, Anomalies.Policy action, @Nullable Double median) {}

    /// @param values of the checkpoint that the run goes on from
    /// @param toSkip steps that an earlier attempt was rolled back from
    AnomalyWatch(Anomalies policy, String phase, Map<String, String> values, List<Long> toSkip) {
        this.policy = policy;
        this.phase = phase;
        this.toSkip = new TreeSet<>(toSkip);
        texts(values.getOrDefault(SKIPPED, "")).map(Long::valueOf).forEach(skipped::add);
        if (phase.equals(values.get(LOSSES_PHASE))) {
            texts(values.getOrDefault(LOSSES, "")).map(AnomalyWatch::number).forEach(losses::add);
        }
        String last = values.get(LAST_LOSS);
        lastLoss = last == null ? Double.NaN : number(last);
    }

    private static String text(double number) {
        return Long.toHexString(Double.doubleToLongBits(number));
    }

    private static double number(String bits) {
        return Double.longBitsToDouble(Long.parseUnsignedLong(bits, 16));
    }

    private static Stream<String> texts(String list) {
        return Arrays.stream(list.split(",")).filter(text -> !text.isEmpty());
    }

    /// Whether the step's batch is left out without a look at it.
    boolean leavesOut(long step) {
        return toSkip.contains(step);
    }

    /// @return null where the step may be applied
    @Nullable Finding judge(long step, double loss, double gradientNorm) {
        if (!Double.isFinite(loss) || !Double.isFinite(gradientNorm)) {
            return new Finding(
                    AnomalyKind.NON_FINITE, withinLimit(step, policy.nonFinite()), median());
        }
        Anomalies.Policy spike = policy.spike();
        if (spike != null && jumps(loss)) {
            return new Finding(AnomalyKind.SPIKE, withinLimit(step, spike), median());
        }
        return null;
    }

    private Anomalies.Policy withinLimit(long step, Anomalies.Policy wanted) {
        NavigableSet<Long> others = new TreeSet<>(skipped);
        others.addAll(toSkip);
        others.remove(step);
        return switch (wanted) {
            case SKIP, ROLLBACK -> others.size() < policy.limit() ? wanted : Anomalies.Policy.PAUSE;
            case PAUSE, FAIL -> wanted;
        };
    }

    private boolean jumps(double loss) {
        Double middle = median();
        if (middle == null) {
            return false;
        }
        double deviation =
                median(losses.stream().mapToDouble(known -> Math.abs(known - middle)).toArray());
        double sigma = Math.max(NORMAL * deviation, SMALLEST_DEVIATION * Math.abs(middle));
        return loss > middle + policy.threshold() * sigma;
    }

    private @Nullable Double median() {
        return losses.size() < FEWEST
                ? null
                : Double.valueOf(median(losses.stream().mapToDouble(loss -> loss).toArray()));
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        int middle = values.length / 2;
        return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    /// The step was applied.
    void applied(double loss) {
        lastLoss = loss;
        losses.addLast(loss);
        if (losses.size() > policy.window()) {
            losses.removeFirst();
        }
    }

    /// The step was left out.
    void skipped(long step) {
        skipped.add(step);
    }

    /// Loss of the last step of the stage that was applied; NaN where there is none.
    double lastLoss() {
        return lastLoss;
    }

    /// What a checkpoint keeps of it.
    Map<String, String> values() {
        Map<String, String> values = new HashMap<>();
        values.put(SKIPPED, skipped.stream().map(String::valueOf).collect(Collectors.joining(",")));
        values.put(LOSSES_PHASE, phase);
        values.put(
                LOSSES, losses.stream().map(AnomalyWatch::text).collect(Collectors.joining(",")));
        values.put(LAST_LOSS, text(lastLoss));
        return values;
    }
}
