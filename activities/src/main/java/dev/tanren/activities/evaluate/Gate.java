package dev.tanren.activities.evaluate;

import dev.tanren.launch.Report;
import dev.tanren.plan.Stage.Requirement;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.text.Figure;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Compares what the second runtime measured with the trainer's own figures and with the plan's
/// requirements. Pure arithmetic.
public record Gate(
        Map<String, Figures> measured, Map<String, Figures> trainer, Map<String, Figures> before) {

    /// Largest relative difference of perplexity between the runtimes that rounding explains, where
    /// both compute in float32.
    private static final double LARGEST_DIFFERENCE = 1e-4;

    /// The same where the trainer's products are of bfloat16, whose values are 2⁻⁷ apart at 1. What
    /// a wrong export does is far more.
    private static final double LARGEST_DIFFERENCE_BF16 = 0x1p-7;

    /// @param loss mean cross-entropy per target token, in nats
    public record Figures(double loss, double perplexity, long tokens) {}

    /// One requirement and what came of it.
    ///
    /// @param value null where the metric was not measured
    public record Check(
            String metric,
            @Nullable Double value,
            @Nullable Double below,
            @Nullable Double above,
            boolean holds) {}

    /// All metrics by name: `<dataset>.loss`, `.perplexity`, and `.forgetting` where there is a
    /// state before training to compare with.
    public Map<String, Double> metrics() {
        Map<String, Double> metrics = new LinkedHashMap<>();
        measured.forEach(
                (dataset, figures) -> {
                    metrics.put(dataset + ".loss", figures.loss());
                    metrics.put(dataset + ".perplexity", figures.perplexity());
                    Figures earlier = before.get(dataset);
                    if (earlier != null) {
                        metrics.put(
                                dataset + ".forgetting",
                                figures.perplexity() / earlier.perplexity() - 1);
                    }
                });
        return metrics;
    }

    /// Relative difference of perplexity against the trainer, for datasets that both measured.
    public Map<String, Double> differences() {
        Map<String, Double> differences = new LinkedHashMap<>();
        measured.forEach(
                (dataset, figures) -> {
                    Figures own = trainer.get(dataset);
                    if (own != null) {
                        differences.put(
                                dataset,
                                Math.abs(figures.perplexity() - own.perplexity())
                                        / own.perplexity());
                    }
                });
        return differences;
    }

    public List<Check> checks(Map<String, Requirement> require) {
        Map<String, Double> metrics = metrics();
        List<Check> checks = new ArrayList<>();
        require.forEach(
                (metric, requirement) -> {
                    Double value = metrics.get(metric);
                    checks.add(
                            new Check(
                                    metric,
                                    value,
                                    requirement.below(),
                                    requirement.above(),
                                    value != null && holds(requirement, value)));
                });
        return checks;
    }

    /// @param trained what the trainer's own figures were computed in; the second runtime computes
    ///     in float32
    /// @throws TanrenException `RUNTIMES_DISAGREE` naming dataset and figures
    public void requireAgreement(String stage, TrainingStage.Precision trained) {
        Optional<Map.Entry<String, Double>> worst =
                differences().entrySet().stream().max(Map.Entry.comparingByValue());
        // Written so that a difference that is no number fails as well.
        double largest =
                switch (trained) {
                    case FP32 -> LARGEST_DIFFERENCE;
                    case BF16 -> LARGEST_DIFFERENCE_BF16;
                };
        if (worst.isPresent() && !(worst.get().getValue() < largest)) {
            String dataset = worst.get().getKey();
            throw new TanrenException(
                    ErrorCode.RUNTIMES_DISAGREE,
                    "perplexity of "
                            + dataset
                            + " is "
                            + Figure.of(perplexity(measured, dataset), perplexity(trainer, dataset))
                            + " in the inference runtime and "
                            + Figure.of(perplexity(trainer, dataset), perplexity(measured, dataset))
                            + " in the trainer, relatively more than "
                            + Figure.of(largest)
                            + " apart",
                    "stage " + stage,
                    "do not publish the model; report it with the plan");
        }
    }

    /// @throws TanrenException `GATE_FAILED` naming metric, value and bound of each that fails
    public void requireChecks(String stage, List<Check> checks) {
        List<String> failed =
                checks.stream().filter(check -> !check.holds()).map(Gate::describe).toList();
        if (!failed.isEmpty()) {
            throw new TanrenException(
                    ErrorCode.GATE_FAILED,
                    String.join("; ", failed),
                    "stage " + stage,
                    "train for longer or on other data, or change the bound in `require`");
        }
    }

    private static boolean holds(Requirement requirement, double value) {
        Double below = requirement.below();
        Double above = requirement.above();
        return (below == null || value < below) && (above == null || value > above);
    }

    private static String describe(Check check) {
        StringBuilder text = new StringBuilder(check.metric());
        String metric = check.metric();
        Double value = check.value();
        text.append(
                value == null
                        ? " was not measured"
                        : " is " + Figure.ofMetric(metric, value, check.below(), check.above()));
        if (check.below() != null) {
            text.append(", must be below ").append(Figure.ofMetric(metric, check.below()));
        }
        if (check.above() != null) {
            text.append(", must be above ").append(Figure.ofMetric(metric, check.above()));
        }
        return text.toString();
    }

    private static double perplexity(Map<String, Figures> figures, String dataset) {
        Figures found = figures.get(dataset);
        return found == null ? Double.NaN : found.perplexity();
    }

    /// What the trainer measured at a step, by dataset.
    ///
    /// @param averaged of the mean of the weights, rather than of the weights
    static Map<String, Figures> figuresOf(List<EvaluationRow> rows, long step, boolean averaged) {
        Map<String, Figures> figures = new TreeMap<>();
        for (EvaluationRow row : rows) {
            String name = row.dataset();
            if (row.step() == step && name.endsWith(Report.AVERAGED) == averaged) {
                figures.put(
                        averaged
                                ? name.substring(0, name.length() - Report.AVERAGED.length())
                                : name,
                        new Figures(row.loss(), row.perplexity(), row.tokens()));
            }
        }
        return figures;
    }
}
