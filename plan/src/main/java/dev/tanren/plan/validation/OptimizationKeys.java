package dev.tanren.plan.validation;

import dev.tanren.plan.Anomalies;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.validation.internal.Key;
import dev.tanren.plan.validation.internal.Kind;
import dev.tanren.plan.validation.internal.Located;
import dev.tanren.plan.validation.internal.Shape;
import dev.tanren.plan.validation.internal.Singles.Choice;
import dev.tanren.plan.validation.internal.Singles.Real;
import dev.tanren.plan.validation.internal.Singles.Share;
import dev.tanren.plan.validation.internal.Singles.Truth;
import dev.tanren.plan.validation.internal.Singles.Whole;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The keys that say what a training stage minimises and how weights change, each once.
final class OptimizationKeys {

    private static final double BELOW_ONE = 0.999999999;

    private OptimizationKeys() {}

    static final class OptimizerKeys {
        static final Key<TrainingStage.OptimizerType> TYPE =
                Key.withDefault(
                        "type",
                        new Choice<>(TrainingStage.OptimizerType.class),
                        "adamw",
                        "the algorithm; `muon` is Muon for the matrices of hidden layers and AdamW"
                                + " for embeddings, head, norms and biases");
        static final Key<Double> LEARNING_RATE =
                Key.required("learningRate", new Real(0, true, 10), "highest rate of the schedule");
        static final Key<List<Located<Double>>> BETAS =
                Key.withDefault(
                        "betas",
                        new Kind.Items<>(new Real(0, false, BELOW_ONE), 2, 2),
                        "[0.9, 0.95]",
                        "decay of the first and the second moment; not of `sgd`");
        static final Key<Double> EPSILON =
                Key.withDefault(
                        "epsilon",
                        new Real(0, true, 1),
                        "1e-8",
                        "added to the root of the moment; not of `sgd`");
        static final Key<Double> MOMENTUM =
                Key.optional(
                        "momentum",
                        new Real(0, false, BELOW_ONE),
                        "decay of the momentum; 0.9 for `sgd` and 0.95 for `muon` when absent");
        static final Key<Boolean> NESTEROV =
                Key.optional(
                        "nesterov",
                        new Truth(),
                        "whether a step looks ahead along the momentum; false for `sgd` and true"
                                + " for `muon` when absent");
        static final Key<Double> WEIGHT_DECAY =
                Key.withDefault(
                        "weightDecay",
                        new Real(0, false, 10),
                        "0.1",
                        "decoupled decay: a step takes this share of a weight, times the rate");
        static final Key<TrainingStage.WeightDecayOn> WEIGHT_DECAY_ON =
                Key.withDefault(
                        "weightDecayOn",
                        new Choice<>(TrainingStage.WeightDecayOn.class),
                        "matrices",
                        "what decays: `matrices` (embeddings and head among them),"
                                + " `hidden-matrices` (without those), or `all` (norms and biases too)");
        static final Key<Double> CLIP_NORM =
                Key.withDefault(
                                "clipNorm",
                                new Real(0, true, 1e9),
                                "1.0",
                                "largest L2 norm of the whole gradient; `null` leaves it as it is")
                        .orNone();
        static final Shape SHAPE =
                Shape.of(
                        "optimizer",
                        "How gradients change weights.",
                        TYPE,
                        LEARNING_RATE,
                        BETAS,
                        EPSILON,
                        MOMENTUM,
                        NESTEROV,
                        WEIGHT_DECAY,
                        WEIGHT_DECAY_ON,
                        CLIP_NORM);

        private OptimizerKeys() {}
    }

    static final class ScheduleKeys {
        static final Key<TrainingStage.ScheduleType> TYPE =
                Key.withDefault(
                        "type",
                        new Choice<>(TrainingStage.ScheduleType.class),
                        "warmup-stable-decay",
                        "course of the learning rate");
        static final Key<Double> WARMUP =
                Key.withDefault(
                        "warmup", new Share(0, 1), "2%", "share of the tokens with rising rate");
        static final Key<Double> DECAY =
                Key.withDefault(
                        "decay",
                        new Share(0, 1),
                        "20%",
                        "share at the end with falling rate, at least the last step if it is above 0;"
                                + " `linear` and `cosine` fall over all that follows the warm-up");
        static final Key<Double> MINIMUM =
                Key.withDefault(
                        "minimum",
                        new Share(0, 1),
                        "10%",
                        "rate of the last step of a fall, as a share of `learningRate`");
        static final Key<Double> INITIAL =
                Key.withDefault(
                        "initial",
                        new Share(0, 1),
                        "0%",
                        "rate that the warm-up rises from, as a share of `learningRate`; the last"
                                + " rate of a training that is continued warms up again from there");
        static final Key<TrainingStage.Course> OVER =
                Key.withDefault(
                        "over",
                        new Choice<>(TrainingStage.Course.class),
                        "stage",
                        "whether the rate rises and falls once, or again in each `phase`");
        static final Shape SHAPE =
                Shape.of(
                        "schedule",
                        "Learning rate over the tokens of the stage, or of each phase.",
                        TYPE,
                        WARMUP,
                        DECAY,
                        MINIMUM,
                        INITIAL,
                        OVER);

        private ScheduleKeys() {}
    }

    static final class ObjectiveKeys {
        static final Key<Double> Z_LOSS =
                Key.withDefault(
                        "zLoss",
                        new Real(0, false, 1),
                        "0",
                        "factor of the squared logarithm of the softmax's denominator; 1e-4 is usual");
        static final Key<Double> LABEL_SMOOTHING =
                Key.withDefault(
                        "labelSmoothing",
                        new Share(0, BELOW_ONE),
                        "0",
                        "share of each target that is spread over the whole vocabulary");
        static final Shape SHAPE =
                Shape.of(
                        "objective",
                        "What is minimised beside cross-entropy. The reported loss is the plain"
                                + " cross-entropy all the same.",
                        Z_LOSS,
                        LABEL_SMOOTHING);

        private ObjectiveKeys() {}
    }

    enum AveragingType {
        EMA,
        LAST
    }

    static final class AveragingKeys {
        static final Key<AveragingType> TYPE =
                Key.required(
                        "type",
                        new Choice<>(AveragingType.class),
                        "`ema`: exponential over all steps; `last`: over the last checkpoints");
        static final Key<Double> DECAY =
                Key.withDefault(
                        "decay",
                        new Real(0, false, BELOW_ONE),
                        "0.999",
                        "share of the old mean that a step keeps");
        static final Key<Long> CHECKPOINTS =
                Key.withDefault(
                        "checkpoints",
                        new Whole(1, 10_000),
                        "4",
                        "how many of the stage's last checkpoint steps are averaged");
        private static final Shape COMMON = Shape.of("averaging", "A mean of the weights.", TYPE);
        static final Kind.Variants KIND = new Kind.Variants(TYPE, shapes(), COMMON);

        private AveragingKeys() {}

        private static Map<String, Shape> shapes() {
            Map<String, Shape> shapes = new LinkedHashMap<>();
            shapes.put(
                    "ema",
                    COMMON.and("ema", "An exponential mean of the weights of all steps.", DECAY));
            shapes.put(
                    "last",
                    COMMON.and(
                            "last",
                            "The mean of the weights at the last checkpoint steps of what runs of the"
                                    + " stage: multiples of everySteps and the last step of each phase."
                                    + " Where phases may be left out, they must lie in one phase.",
                            CHECKPOINTS));
            return shapes;
        }
    }

    static final class AnomalyKeys {
        static final Key<Anomalies.Policy> NON_FINITE =
                Key.withDefault(
                        "nonFinite",
                        new Choice<>(Anomalies.Policy.class),
                        "rollback",
                        "when loss or gradient is not finite: `skip` the batch and go on, `rollback`"
                                + " to the last checkpoint and skip it then, `pause` for a person, or `fail`");
        static final Key<Anomalies.Policy> SPIKE =
                Key.withDefault(
                                "spike",
                                new Choice<>(Anomalies.Policy.class),
                                "skip",
                                "when the loss jumps up: as above; `null` does not look for jumps")
                        .orNone();
        static final Key<Long> WINDOW =
                Key.withDefault(
                        "window",
                        new Whole(16, 100_000),
                        "128",
                        "applied steps of the phase that a loss is compared with; at least 16 must"
                                + " be there");
        static final Key<Double> THRESHOLD =
                Key.withDefault(
                        "threshold",
                        new Real(1, false, 1e6),
                        "8",
                        "robust standard deviations above the window's median that make a jump:"
                                + " 1.4826 times the median absolute deviation, at least 2.5% of the median");
        static final Key<Long> LIMIT =
                Key.withDefault(
                        "limit",
                        new Whole(0, 1_000_000),
                        "2",
                        "steps of the stage that may be left out; the next one waits for a person"
                                + " where the policy is `skip` or `rollback`");
        static final Shape SHAPE =
                Shape.of(
                        "anomalies",
                        "What happens to a step that is not finite or whose loss jumps. It is never"
                                + " applied.",
                        NON_FINITE,
                        SPIKE,
                        WINDOW,
                        THRESHOLD,
                        LIMIT);

        private AnomalyKeys() {}
    }
}
