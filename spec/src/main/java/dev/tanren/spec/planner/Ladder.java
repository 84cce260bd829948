package dev.tanren.spec.planner;

import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.plan.TrainingStage.Activations;
import dev.tanren.spec.plan.TrainingStage.Parallelism;
import dev.tanren.spec.plan.TrainingStage.Sharding;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The single changes that save memory on the ranks there are, cheapest first.
final class Ladder {

    /// @param stage with the change made
    record Step(Proposal.Change change, TrainingStage stage) {}

    private Ladder() {}

    /// Every change that `stage` has left, each made by itself.
    static List<Step> steps(TrainingStage stage) {
        List<Step> steps = new ArrayList<>();
        if (stage.microBatch() > 1) {
            steps.add(smallerMicroBatch(stage));
        }
        for (Activations policy : Activations.values()) {
            if (policy.compareTo(stage.activations()) > 0) {
                steps.add(activations(stage, policy));
            }
        }
        for (Sharding level : Sharding.values()) {
            if (stage.parallelism().data() > 1
                    && level.compareTo(stage.parallelism().sharding()) > 0) {
                steps.add(sharding(stage, level));
            }
        }
        return steps;
    }

    /// A divisor of the micro-batch always leaves a whole number of micro-batches to each rank.
    static Step smallerMicroBatch(TrainingStage stage) {
        int divisor = smallestDivisor(stage.microBatch());
        int smaller = stage.microBatch() / divisor;
        return new Step(
                new Proposal.Change(
                        "microBatch",
                        "" + stage.microBatch(),
                        "" + smaller,
                        divisor + " times as many micro-batches are accumulated to the same batch"),
                Settings.microBatch(stage, smaller));
    }

    static Step activations(TrainingStage stage, Activations policy) {
        return new Step(
                new Proposal.Change(
                        "activations",
                        word(stage.activations()),
                        word(policy),
                        switch (policy) {
                            case NONE -> "every activation is kept for the backward pass";
                            case SELECTIVE ->
                                    "what is cheap to compute again is not kept for the backward"
                                            + " pass";
                            case FULL ->
                                    "only the input of each layer is kept; the backward pass"
                                            + " computes the layer again";
                        }),
                Settings.activations(stage, policy));
    }

    static Step sharding(TrainingStage stage, Sharding level) {
        Parallelism mesh = stage.parallelism();
        return new Step(
                new Proposal.Change(
                        "parallelism.sharding",
                        word(mesh.sharding()),
                        word(level),
                        switch (level) {
                            case NONE -> "each data rank holds all model states";
                            case OPTIMIZER ->
                                    "each of "
                                            + mesh.data()
                                            + " data ranks holds a part of the"
                                            + " optimizer state";
                            case GRADIENTS ->
                                    "each of "
                                            + mesh.data()
                                            + " data ranks holds a part of"
                                            + " optimizer state and gradients";
                            case FULL ->
                                    "each of "
                                            + mesh.data()
                                            + " data ranks holds a part of"
                                            + " weights, gradients and optimizer state";
                        }),
                Settings.sharding(stage, level));
    }

    private static int smallestDivisor(int number) {
        for (int divisor = 2; divisor * divisor <= number; divisor++) {
            if (number % divisor == 0) {
                return divisor;
            }
        }
        return number;
    }

    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
