package dev.tanren.spec.plan;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A stage that changes weights: `pretrain`, `cpt` or `distil`.
///
/// Every key of the plan is here from the start; validation refuses what the trainer cannot do yet.
///
/// @param globalBatchTokens tokens of one optimizer step over all ranks, padding included
/// @param microBatch sequences in one forward pass of one rank
/// @param threadsPerRank CPU threads of one rank; part of the plan because the bits of a sum depend
///     on it
public record TrainingStage(
        String id,
        Type type,
        Optimizer optimizer,
        Schedule schedule,
        Precision precision,
        Activations activations,
        long globalBatchTokens,
        int microBatch,
        int threadsPerRank,
        Parallelism parallelism,
        List<Phase> phases,
        Checkpointing checkpoint,
        @Nullable Evaluation evaluation)
        implements Stage {

    public TrainingStage {
        phases = List.copyOf(phases);
    }

    public enum Type {
        PRETRAIN,
        CPT,
        DISTIL
    }

    /// @param clipNorm largest L2 norm of the whole gradient; null leaves it as it is
    public record Optimizer(
            OptimizerType type,
            double learningRate,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            @Nullable Double clipNorm) {}

    public enum OptimizerType {
        ADAMW
    }

    /// Learning rate over the stage's tokens.
    ///
    /// @param warmup fraction of the stage's tokens with rising rate, 0 to 1
    /// @param decay fraction at the end with falling rate, 0 to 1; for `cosine` and `linear` all
    ///     that follows warm-up
    /// @param minimum last rate as a fraction of the learning rate, 0 to 1
    public record Schedule(ScheduleType type, double warmup, double decay, double minimum) {}

    public enum ScheduleType {
        CONSTANT,
        LINEAR,
        COSINE,
        WARMUP_STABLE_DECAY
    }

    public enum Precision {
        FP32,
        BF16
    }

    public enum Activations {
        NONE,
        SELECTIVE,
        FULL
    }

    public record Parallelism(
            int data, Sharding sharding, int tensor, boolean sequence, int pipeline, int context) {
        public int ranks() {
            return data * tensor * pipeline * context;
        }
    }

    public enum Sharding {
        NONE,
        OPTIMIZER,
        GRADIENTS,
        FULL
    }

    /// A part of the stage with one sequence length and one mix.
    ///
    /// @param tokens rounded up to whole optimizer steps
    /// @param mix weight of each dataset, or of one tier of it (`code@gold`); weights add up to 1
    public record Phase(
            String id,
            int sequenceLength,
            long tokens,
            Map<String, Double> mix,
            @Nullable EntryCondition enterWhen) {
        public Phase {
            mix = Collections.unmodifiableMap(new LinkedHashMap<>(mix));
        }
    }

    /// Looked at when the phase before has ended, on that phase's last evaluation.
    public record EntryCondition(
            String metric, @Nullable Double below, @Nullable Double above, Otherwise otherwise) {}

    /// What happens when the condition does not hold.
    public enum Otherwise {
        /// Enter the phase all the same, and record it.
        CONTINUE,
        /// Leave the phase out.
        SKIP,
        /// Wait for a person to resume the run.
        PAUSE,
        FAIL
    }

    /// @param keep how many committed checkpoints of the stage are kept; the last of each phase
    ///     always is
    public record Checkpointing(int everySteps, int keep) {}

    /// Also done before the first step and after the last one.
    ///
    /// @param blocks how many held-out blocks of a dataset are measured at most
    public record Evaluation(int everySteps, List<String> datasets, int blocks) {
        public Evaluation {
            datasets = List.copyOf(datasets);
        }
    }
}
