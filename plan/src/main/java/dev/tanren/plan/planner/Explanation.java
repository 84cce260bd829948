package dev.tanren.plan.planner;

import dev.tanren.plan.Architecture;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a plan will do, in figures.
///
/// @param model null when the shape of the base is not known yet
/// @param prediction what is to be said of all figures about the device; null where no device is
///     named, and where the planner's figures were measured on its kind
/// @param uses how often phases go through what is known of the data; empty where nothing is
public record Explanation(
        String plan,
        @Nullable Model model,
        @Nullable String prediction,
        List<Stage> stages,
        List<DataUse> uses) {

    public Explanation {
        stages = List.copyOf(stages);
        uses = List.copyOf(uses);
    }

    /// The same plan with what is known of its data.
    public Explanation withUses(List<DataUse> known) {
        return new Explanation(plan, model, prediction, stages, known);
    }

    /// @param total all parameters
    /// @param formula how `total` comes about
    public record Model(
            Architecture architecture, ParameterCount parameters, long total, String formula) {}

    /// @param type as the plan writes it
    /// @param training null for stages that do not train
    public record Stage(String id, String type, @Nullable Training training) {}

    /// @param tokens of all steps, padding included
    /// @param checkpoints that are committed over the stage
    /// @param evaluations of each evaluated dataset, first and last included
    /// @param precision what it means for the speed, in words; null in fp32
    /// @param compute null when the shape of the model is not known yet
    public record Training(
            int ranks,
            int threadsPerRank,
            long steps,
            long tokens,
            long sequences,
            long microBatches,
            long checkpoints,
            long evaluations,
            List<Phase> phases,
            @Nullable String precision,
            @Nullable Compute compute) {
        public Training {
            phases = List.copyOf(phases);
        }
    }

    /// @param firstStep 1-based
    /// @param microBatchesPerRank of one step
    /// @param tokens of all its steps; what the plan asks for, rounded up to whole steps
    /// @param mix sequences that come from each dataset or tier, by its name in the plan
    public record Phase(
            String id,
            int sequenceLength,
            long firstStep,
            long lastStep,
            long steps,
            int sequencesPerStep,
            int microBatchesPerStep,
            int microBatchesPerRank,
            long tokens,
            Map<String, Long> mix) {
        public Phase {
            mix = Collections.unmodifiableMap(new TreeMap<>(mix));
        }
    }

    /// @param flopsPerToken by phase, in the plan's order
    /// @param flops of the whole stage
    /// @param memoryPerRank with the sums of the memory that a rank computes in, and of the host's
    ///     beside it, which is 0 where they are the same
    /// @param activationPolicies every policy of recomputing, all else as it is in the plan
    /// @param publishedActivationBytes what Korthikanti et al. say of a trainer in 16 bits that
    ///     keeps everything, whose attention is not fused and whose feed-forward part is four times
    ///     as wide as the stream: to compare `activations` with
    /// @param communicationPerStep null on a single rank
    /// @param expected null where no device is named or its speed is not known
    /// @param fit null where no device is named
    public record Compute(
            List<PhaseFlops> flopsPerToken,
            double flops,
            String flopsFormula,
            MemoryEstimate memoryPerRank,
            long memoryPerRankBytes,
            long hostMemoryPerRankBytes,
            List<ActivationPolicy> activationPolicies,
            long publishedActivationBytes,
            @Nullable Communication communicationPerStep,
            @Nullable Expected expected,
            @Nullable Fit fit) {
        public Compute {
            flopsPerToken = List.copyOf(flopsPerToken);
            activationPolicies = List.copyOf(activationPolicies);
        }
    }

    /// What a rank keeps from the forward to the backward pass, and what making the rest again
    /// costs.
    ///
    /// @param policy as the plan writes it
    /// @param chosen whether it is the plan's
    /// @param activationBytes of them alone
    /// @param memoryPerRankBytes of all that a rank has
    /// @param slowdown predicted time of a step as a multiple of that with `none`
    public record ActivationPolicy(
            String policy,
            boolean chosen,
            long activationBytes,
            long memoryPerRankBytes,
            double slowdown) {}

    public record PhaseFlops(String phase, double flopsPerToken) {}

    /// @param bytesPerRank sent by each rank in one optimizer step
    public record Communication(String collective, long bytesPerRank, String formula) {}

    /// How long the steps of the stage take if all goes as usual. Preparing data, starting
    /// ranks and saving come on top, which for small models is most of the time.
    ///
    /// @param utilisation share of the arithmetic's peak that is assumed; null for processors,
    ///     the peak of which is not known
    /// @param peakFlops of the device in the stage's precision; fp32 is not run as TF32; null for
    ///     processors
    /// @param tokensPerSecondPerRank that follow from it
    /// @param seconds of the whole stage, communication included
    /// @param assumptions what it rests on, in words
    public record Expected(
            @Nullable Double utilisation,
            @Nullable Double peakFlops,
            double tokensPerSecondPerRank,
            double seconds,
            String assumptions) {}
}
