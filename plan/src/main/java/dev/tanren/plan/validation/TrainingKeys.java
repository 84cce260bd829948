package dev.tanren.plan.validation;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.Watchdog;
import dev.tanren.plan.validation.OptimizationKeys.AnomalyKeys;
import dev.tanren.plan.validation.OptimizationKeys.AveragingKeys;
import dev.tanren.plan.validation.OptimizationKeys.ObjectiveKeys;
import dev.tanren.plan.validation.OptimizationKeys.OptimizerKeys;
import dev.tanren.plan.validation.OptimizationKeys.ScheduleKeys;
import dev.tanren.plan.validation.PlanKeys.CommonKeys;
import dev.tanren.plan.validation.PlanKeys.RequirementKeys;
import dev.tanren.plan.validation.internal.Key;
import dev.tanren.plan.validation.internal.Kind;
import dev.tanren.plan.validation.internal.Located;
import dev.tanren.plan.validation.internal.Section;
import dev.tanren.plan.validation.internal.Shape;
import dev.tanren.plan.validation.internal.Singles.Choice;
import dev.tanren.plan.validation.internal.Singles.Real;
import dev.tanren.plan.validation.internal.Singles.Share;
import dev.tanren.plan.validation.internal.Singles.Text;
import dev.tanren.plan.validation.internal.Singles.Time;
import dev.tanren.plan.validation.internal.Singles.Tokens;
import dev.tanren.plan.validation.internal.Singles.Truth;
import dev.tanren.plan.validation.internal.Singles.Whole;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Every key of a training stage, once.
final class TrainingKeys {

    private static final Whole COUNT = new Whole(1, 65_536);

    static final class ParallelismKeys {
        static final Key<Long> DATA =
                Key.withDefault("data", COUNT, "1", "data-parallel ranks; so far a power of two");
        static final Key<Long> ELASTICITY =
                Key.optional(
                        "elasticity",
                        COUNT,
                        "most data ranks whose result has the same bits, a power of two, at least"
                                + " `data`, which is the default; each doubling beyond `data` costs a"
                                + " gradient's memory");
        static final Key<TrainingStage.Sharding> SHARDING =
                Key.withDefault(
                                "sharding",
                                new Choice<>(TrainingStage.Sharding.class),
                                "none",
                                "what data-parallel ranks share among them instead of each holding it")
                        .now("none");
        static final Key<Long> TENSOR =
                Key.withDefault("tensor", COUNT, "1", "ranks that share each matrix").now("1");
        static final Key<Boolean> SEQUENCE =
                Key.withDefault(
                                "sequence",
                                new Truth(),
                                "false",
                                "whether tensor-parallel ranks share the sequence between matrices")
                        .now("false");
        static final Key<Long> PIPELINE =
                Key.withDefault("pipeline", COUNT, "1", "ranks that share the layers").now("1");
        static final Key<Long> CONTEXT =
                Key.withDefault("context", COUNT, "1", "ranks that share each sequence").now("1");
        static final Shape SHAPE =
                Shape.of(
                        "parallelism",
                        "How the ranks share the work; their number is the product.",
                        DATA,
                        ELASTICITY,
                        SHARDING,
                        TENSOR,
                        SEQUENCE,
                        PIPELINE,
                        CONTEXT);

        private ParallelismKeys() {}
    }

    static final class EntryKeys {
        static final Key<String> METRIC =
                Key.required(
                        "metric",
                        new Text("<dataset>.loss or <dataset>.perplexity", null),
                        "`<dataset>.loss` or `<dataset>.perplexity` of a dataset that the stage"
                                + " evaluates");
        static final Key<TrainingStage.Otherwise> OTHERWISE =
                Key.withDefault(
                        "otherwise",
                        new Choice<>(TrainingStage.Otherwise.class),
                        "continue",
                        "when the condition does not hold: enter all the same, leave the phase out, wait"
                                + " for a person, or fail");
        static final Shape SHAPE =
                Shape.of(
                        "enterWhen",
                        "Looked at when the phase before has ended, on its last evaluation.",
                        METRIC,
                        RequirementKeys.BELOW,
                        RequirementKeys.ABOVE,
                        OTHERWISE);

        private EntryKeys() {}
    }

    static final class PhaseKeys {
        static final Key<String> ID =
                Key.required("id", PlanKeys.NAME_TEXT, "name of the phase, unique in the stage");
        static final Key<Long> SEQUENCE_LENGTH =
                Key.required("sequenceLength", new Tokens(2, 1 << 24), "tokens of one sequence");
        static final Key<Long> TOKENS =
                Key.required(
                        "tokens",
                        new Tokens(1, 1_000_000_000_000_000L),
                        "length of the phase, rounded up to whole optimizer steps");
        static final Key<Map<String, Located<Double>>> MIX =
                Key.required(
                        "mix",
                        new Kind.Entries<>(
                                new Share(0, 1), PlanKeys.ANY, "a dataset, or dataset@tier", 1),
                        "share of each dataset, or of a tier of it (`code@gold`); they add up to 1. Exact over the sequences of the phase, by largest remainder; 0 is none");
        static final Key<Section> ENTER_WHEN =
                Key.optional(
                        "enterWhen",
                        new Kind.Fields(EntryKeys.SHAPE),
                        "condition to enter the phase");
        static final Shape SHAPE =
                Shape.of(
                        "phase",
                        "A part of the stage with one sequence length and one mix.",
                        ID,
                        SEQUENCE_LENGTH,
                        TOKENS,
                        MIX,
                        ENTER_WHEN);

        private PhaseKeys() {}
    }

    static final class CheckpointKeys {
        static final Key<Long> EVERY_STEPS =
                Key.withDefault(
                        "everySteps",
                        new Whole(1, 1_000_000_000),
                        "100",
                        "steps between checkpoints");
        static final Key<Long> KEEP =
                Key.withDefault(
                        "keep",
                        new Whole(1, 1_000_000),
                        "3",
                        "committed checkpoints of the stage that are kept; the last of each phase always"
                                + " is, unless it is quarantined");
        static final Shape SHAPE =
                Shape.of("checkpoint", "When state is saved.", EVERY_STEPS, KEEP);

        private CheckpointKeys() {}
    }

    static final class EvaluationKeys {
        static final Key<Long> EVERY_STEPS =
                Key.withDefault(
                        "everySteps",
                        new Whole(1, 1_000_000_000),
                        "100",
                        "steps between evaluations");
        static final Key<List<Located<String>>> DATASETS =
                Key.required(
                        "datasets",
                        new Kind.Items<>(new Text("the name of a dataset", null), 1, 1000),
                        "whose held-out documents are measured");
        static final Key<Long> BLOCKS =
                Key.withDefault(
                        "blocks",
                        new Whole(1, 1_000_000),
                        "16",
                        "held-out blocks of a dataset that are measured at most");
        static final Shape SHAPE =
                Shape.of(
                        "evaluation",
                        "Loss on held-out documents while training; also before the first step and after"
                                + " the last. Blocks have the length of the stage's longest phase, in every"
                                + " phase and in the gate, so that all figures of a stage are comparable.",
                        EVERY_STEPS,
                        DATASETS,
                        BLOCKS);

        private EvaluationKeys() {}
    }

    static final class WatchdogKeys {
        static final Key<Duration> SILENCE =
                Key.optional(
                        "silence",
                        new Time(Watchdog.SHORTEST, Watchdog.LONGEST),
                        "how long a rank may give no sign of its work; absent, the limit is three"
                                + " times the longest silence that the attempt has shown, at least"
                                + " 30s, and 10m while little is known; a rank that starts has"
                                + " 10m at least either way");
        static final Shape SHAPE =
                Shape.of(
                        "watchdog",
                        "When a rank counts as hung and is killed, however long its steps are.",
                        SILENCE);

        private WatchdogKeys() {}
    }

    enum Targets {
        SAMPLED,
        TOP_K
    }

    static final class TeacherKeys {
        static final Key<String> BASE =
                Key.required("base", PlanKeys.ADDRESS, "Hugging Face directory of the teacher");
        static final Key<Double> TEMPERATURE =
                Key.withDefault(
                        "temperature",
                        new Real(0, true, 100),
                        "2.0",
                        "divides the logits of teacher and student");
        static final Key<Double> HARD_SHARE =
                Key.withDefault(
                        "hardShare",
                        new Share(0, 1),
                        "50%",
                        "share of ordinary cross-entropy; the rest is the divergence from the teacher,"
                                + " times the temperature squared");
        static final Key<Targets> TARGETS =
                Key.withDefault(
                        "targets",
                        new Choice<>(Targets.class),
                        "sampled",
                        "`sampled` keeps the expected gradient, `top-k` is biased");
        static final Key<Long> PER_POSITION =
                Key.withDefault(
                        "perPosition",
                        new Whole(1, 65_536),
                        "12",
                        "soft targets kept of a position");
        static final Shape SHAPE =
                Shape.of(
                        "teacher",
                        "Whose soft targets the student learns from.",
                        BASE,
                        TEMPERATURE,
                        HARD_SHARE,
                        TARGETS,
                        PER_POSITION);

        private TeacherKeys() {}
    }

    static final Key<Section> OPTIMIZER =
            Key.required("optimizer", new Kind.Fields(OptimizerKeys.SHAPE), "how weights change");
    static final Key<Section> SCHEDULE =
            Key.withDefault(
                    "schedule",
                    new Kind.Fields(ScheduleKeys.SHAPE),
                    "{}",
                    "course of the learning rate");
    static final Key<TrainingStage.Precision> PRECISION =
            Key.withDefault(
                    "precision",
                    new Choice<>(TrainingStage.Precision.class),
                    "fp32",
                    "arithmetic of forward and backward pass; with bf16, weights, optimizer state,"
                            + " norms, softmax, loss and sums of gradients stay fp32");
    static final Key<TrainingStage.Activations> ACTIVATIONS =
            Key.withDefault(
                    "activations",
                    new Choice<>(TrainingStage.Activations.class),
                    "none",
                    "what is recomputed in the backward pass instead of kept: nothing, what"
                            + " takes one cheap pass over memory, or whole layers");
    static final Key<Long> GLOBAL_BATCH_TOKENS =
            Key.required(
                    "globalBatchTokens",
                    new Tokens(1, 1 << 30),
                    "tokens of one optimizer step over all ranks, padding included; a multiple of"
                            + " sequence length × micro-batch × data ranks for every phase");
    static final Key<Long> MICRO_BATCH =
            Key.withDefault("microBatch", COUNT, "1", "sequences in one forward pass of one rank");
    static final Key<Long> THREADS_PER_RANK =
            Key.withDefault(
                    "threadsPerRank",
                    new Whole(1, 1024),
                    "1",
                    "CPU threads of a rank; part of the plan because the bits of a sum depend on it");
    static final Key<Section> PARALLELISM =
            Key.withDefault(
                    "parallelism",
                    new Kind.Fields(ParallelismKeys.SHAPE),
                    "{}",
                    "how ranks share the work");
    static final Key<List<Located<Section>>> PHASES =
            Key.required(
                    "phases",
                    new Kind.Items<>(new Kind.Fields(PhaseKeys.SHAPE), 1, 1000),
                    "parts of the curriculum, in order");
    static final Key<Section> CHECKPOINT =
            Key.withDefault(
                    "checkpoint",
                    new Kind.Fields(CheckpointKeys.SHAPE),
                    "{}",
                    "when state is saved");
    static final Key<Section> EVALUATION =
            Key.optional(
                    "evaluation",
                    new Kind.Fields(EvaluationKeys.SHAPE),
                    "loss on held-out documents; none when absent");
    static final Key<Section> OBJECTIVE =
            Key.withDefault(
                    "objective",
                    new Kind.Fields(ObjectiveKeys.SHAPE),
                    "{}",
                    "what is minimised beside cross-entropy");
    static final Key<Section> AVERAGING =
            Key.optional(
                    "averaging", AveragingKeys.KIND, "a mean of the weights; none when absent");
    static final Key<Section> ANOMALIES =
            Key.withDefault(
                    "anomalies",
                    new Kind.Fields(AnomalyKeys.SHAPE),
                    "{}",
                    "what happens to a step that is not finite or whose loss jumps");
    static final Key<Section> WATCHDOG =
            Key.withDefault(
                    "watchdog",
                    new Kind.Fields(WatchdogKeys.SHAPE),
                    "{}",
                    "when a rank counts as hung");
    static final Key<Section> TEACHER =
            Key.required(
                    "teacher", new Kind.Fields(TeacherKeys.SHAPE), "whom the student learns from");

    static final Shape PRETRAIN = shape("pretrain", "Trains fresh weights on the next token.");
    static final Shape CPT = shape("cpt", "Goes on training a model on the next token.");
    static final Shape DISTIL =
            shape("distil", "").and("distil", "Trains a student on a teacher's targets.", TEACHER);

    private TrainingKeys() {}

    private static Shape shape(String name, String meaning) {
        return CommonKeys.SHAPE.and(
                name,
                meaning,
                OPTIMIZER,
                SCHEDULE,
                PRECISION,
                ACTIVATIONS,
                GLOBAL_BATCH_TOKENS,
                MICRO_BATCH,
                THREADS_PER_RANK,
                PARALLELISM,
                PHASES,
                CHECKPOINT,
                EVALUATION,
                OBJECTIVE,
                AVERAGING,
                ANOMALIES,
                WATCHDOG);
    }
}
