package dev.tanren.plan;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A stage that changes weights: `pretrain`, `cpt` or `distil`.
///
/// Every key of the plan is here from the start; validation refuses what the trainer cannot do yet.
///
/// @param globalBatchTokens tokens of one optimizer step over all ranks, padding included
/// @param microBatch sequences in one forward pass of one rank
/// @param threadsPerRank CPU threads of one rank; part of the plan because the bits of a sum depend
///     on it
/// @param averaging null where no mean of the weights is kept
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
        @Nullable Evaluation evaluation,
        Objective objective,
        @Nullable Averaging averaging,
        Anomalies anomalies,
        Watchdog watchdog)
        implements Stage {

    // Plans that were stored before these keys existed do without them.
    public TrainingStage {
        phases = List.copyOf(phases);
        objective = Objects.requireNonNullElse(objective, Objective.CROSS_ENTROPY);
        anomalies = Objects.requireNonNullElse(anomalies, Anomalies.STANDARD);
        watchdog = Objects.requireNonNullElse(watchdog, Watchdog.MEASURED);
    }

    public enum Type {
        PRETRAIN,
        CPT,
        DISTIL
    }

    /// @param beta1 decay of the first moment; of `adamw` and `muon`, as are `beta2` and `epsilon`
    /// @param weightDecay fraction of a weight that a step takes away, times the learning rate
    /// @param clipNorm largest L2 norm of the whole gradient; null leaves it as it is
    /// @param momentum of `sgd` and `muon`; null for `adamw`
    public record Optimizer(
            OptimizerType type,
            double learningRate,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            @Nullable Double clipNorm,
            WeightDecayOn weightDecayOn,
            @Nullable Momentum momentum) {
        public Optimizer {
            weightDecayOn = Objects.requireNonNullElse(weightDecayOn, WeightDecayOn.MATRICES);
            if ((momentum == null) != (type == OptimizerType.ADAMW)) {
                throw new IllegalArgumentException(type + " with momentum " + momentum);
            }
        }
    }

    public enum OptimizerType {
        ADAMW,
        SGD,
        /// Muon for the matrices of hidden layers, AdamW for all else.
        MUON
    }

    /// Which parameters decay. Norms' gains and biases decay with `all` alone.
    public enum WeightDecayOn {
        /// Matrices, embeddings and head among them.
        MATRICES,
        /// Matrices without embeddings and head.
        HIDDEN_MATRICES,
        ALL
    }

    /// @param factor of the old buffer in the new one
    /// @param nesterov whether a step looks ahead along the buffer
    public record Momentum(double factor, boolean nesterov) {}

    /// Learning rate over the tokens of the stage, or of each phase anew.
    ///
    /// @param warmup fraction of the tokens with rising rate, 0 to 1
    /// @param decay fraction at the end with falling rate, 0 to 1; for `cosine` and `linear` all
    ///     that follows warm-up
    /// @param minimum last rate as a fraction of the learning rate, 0 to 1
    /// @param initial rate that the warm-up rises from, as a fraction of the learning rate, 0 to 1
    public record Schedule(
            ScheduleType type,
            double warmup,
            double decay,
            double minimum,
            Double initial,
            Course over) {
        public Schedule {
            initial = Objects.requireNonNullElse(initial, 0.0);
            over = Objects.requireNonNullElse(over, Course.STAGE);
        }

        /// Whether the rate falls towards the end of the whole stage, and not of each phase.
        public boolean fallsOverStage() {
            boolean falls =
                    switch (type) {
                        case CONSTANT -> false;
                        case LINEAR, COSINE -> warmup < 1;
                        case WARMUP_STABLE_DECAY -> decay > 0;
                    };
            return falls && minimum < 1 && over == Course.STAGE;
        }
    }

    public enum ScheduleType {
        CONSTANT,
        LINEAR,
        COSINE,
        WARMUP_STABLE_DECAY
    }

    /// What a schedule spans.
    public enum Course {
        STAGE,
        /// The rate rises and falls again in each phase.
        PHASE
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

    /// @param elasticity most data ranks whose result has the same bits: each of so many equal runs
    ///     of a step's micro-batches is summed from left to right, and their sums in a binary tree
    public record Parallelism(
            int data,
            int elasticity,
            Sharding sharding,
            int tensor,
            boolean sequence,
            int pipeline,
            int context) {

        /// As it is stored. Plans from before there was a choice have none, and now mean the ranks
        /// that they train on.
        @JsonCreator
        static Parallelism of(
                @JsonProperty("data") int data,
                @JsonProperty("elasticity") @Nullable Integer elasticity,
                @JsonProperty("sharding") Sharding sharding,
                @JsonProperty("tensor") int tensor,
                @JsonProperty("sequence") boolean sequence,
                @JsonProperty("pipeline") int pipeline,
                @JsonProperty("context") int context) {
            int elastic = elasticity == null ? data : elasticity;
            return new Parallelism(data, elastic, sharding, tensor, sequence, pipeline, context);
        }

        /// Data ranks alone, whose result no other number of ranks need have.
        public static Parallelism data(int ranks) {
            return new Parallelism(ranks, ranks, Sharding.NONE, 1, false, 1, 1);
        }

        public int ranks() {
            return data * tensor * pipeline * context;
        }

        /// How many of the runs that are summed from left to right a rank has.
        public int runsOfRank() {
            return runsOfRank(data);
        }

        /// The same on another number of data ranks.
        public int runsOfRank(int dataRanks) {
            return Math.max(1, elasticity / dataRanks);
        }

        public Parallelism withData(int ranks) {
            int elastic = Math.max(elasticity, ranks);
            return new Parallelism(ranks, elastic, sharding, tensor, sequence, pipeline, context);
        }

        public Parallelism withElasticity(int ranks) {
            return new Parallelism(data, ranks, sharding, tensor, sequence, pipeline, context);
        }

        public Parallelism withSharding(Sharding level) {
            return new Parallelism(data, elasticity, level, tensor, sequence, pipeline, context);
        }

        /// With the sequence shared too.
        public Parallelism withTensor(int ranks) {
            return new Parallelism(data, elasticity, sharding, ranks, true, pipeline, context);
        }

        public Parallelism withPipeline(int ranks) {
            return new Parallelism(data, elasticity, sharding, tensor, sequence, ranks, context);
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
    /// @param mix share of each dataset, or of one tier of it (`code@gold`); they add up to 1
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
    ///     always is, unless it is quarantined
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
