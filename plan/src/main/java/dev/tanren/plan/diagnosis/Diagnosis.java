package dev.tanren.plan.diagnosis;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/// The verdict on where the time of a stage's steps goes.
///
/// A step is as slow as its slowest rank, so data and checkpoints count by the rank they hold up
/// most. Communication is divided: what the rank that waits least spends is transport, and what
/// others spend beyond that is waiting for a slower rank.
///
/// @param evidence in one sentence, with figures
/// @param mend what to do about it
/// @param shares of the whole time of all ranks, by part, as in [StepTimes#shares]
public record Diagnosis(
        Bottleneck bottleneck, String evidence, String mend, Map<String, Double> shares) {

    /// A part that takes less of a step than this is no bottleneck.
    static final double NOTICEABLE = 0.15;

    /// The optimizer reads and writes every parameter and computes next to nothing; beyond this
    /// share of a step, a step has too few tokens for its parameters.
    static final double TOO_FEW_TOKENS = 0.25;

    /// A rank that computes so many times as long as the others is what they wait for.
    static final double SLOWER = 1.15;

    /// Memory that is fuller than this leaves no room for a larger micro-batch.
    private static final double FULL = 0.85;

    /// A share of the step that is worth a word.
    private static final double NOTEWORTHY = 0.02;

    /// How full the memory of a rank is.
    ///
    /// @param limitBytes what the rank may take
    public record Memory(long residentBytes, long limitBytes) {
        private boolean full() {
            return residentBytes >= FULL * limitBytes;
        }
    }

    /// Looks at the same steps of every rank.
    ///
    /// @param memory of the fullest rank, where its limit is known
    /// @throws IllegalArgumentException without ranks
    public static Diagnosis of(List<StepTimes> ranks, @Nullable Memory memory) {
        if (ranks.isEmpty()) {
            throw new IllegalArgumentException("no steps to look at");
        }
        return new Measured(ranks, memory).verdict();
    }

    private record Measured(List<StepTimes> ranks, @Nullable Memory memory) {

        Diagnosis verdict() {
            double data = most(times -> times.data() / times.total());
            double checkpoint = most(times -> times.checkpoint() / times.total());
            double transport = -most(times -> -times.communication() / times.total());
            double waiting = most(times -> times.communication() / times.total()) - transport;
            double worst = Math.max(Math.max(data, checkpoint), Math.max(transport, waiting));
            if (worst < NOTICEABLE) {
                return arithmetic();
            }
            if (worst == data) {
                return data(data);
            }
            if (worst == checkpoint) {
                return checkpoint(checkpoint);
            }
            return worst == transport ? transport(transport) : waiting(waiting);
        }

        private Diagnosis data(double share) {
            boolean idle = memory != null && memory.full();
            return verdict(
                    Bottleneck.DATA,
                    "the loader keeps the ranks waiting "
                            + percent(share)
                            + " of the step"
                            + (idle ? ", with the memory full and the processors idle" : ""),
                    "Tokenise beforehand (sources with format tokens-u16), or bring the token"
                            + " shards nearer to the ranks; a larger batch would not help.");
        }

        private Diagnosis checkpoint(double share) {
            return verdict(
                    Bottleneck.CHECKPOINT,
                    "saving holds the ranks up for " + percent(share) + " of the step",
                    "Save less often (checkpoint.everySteps), or give the object store more"
                            + " bandwidth: an upload must end before the next save.");
        }

        private Diagnosis transport(double share) {
            return verdict(
                    Bottleneck.COMMUNICATION,
                    "every rank spends at least "
                            + percent(share)
                            + " of the step on sums over ranks",
                    "Raise globalBatchTokens so that a step has more arithmetic for each sum, use"
                            + " fewer ranks, or a faster network between them.");
        }

        private Diagnosis waiting(double share) {
            StepTimes slowest =
                    ranks.stream()
                            .max(Comparator.comparingDouble(StepTimes::computePerStep))
                            .orElseThrow();
            double others =
                    ranks.stream()
                            .filter(times -> times.rank() != slowest.rank())
                            .mapToDouble(StepTimes::computePerStep)
                            .average()
                            .orElse(slowest.computePerStep());
            return verdict(
                    slowest.computePerStep() >= SLOWER * others
                            ? Bottleneck.STRAGGLER
                            : Bottleneck.COMMUNICATION,
                    String.format(
                            Locale.ROOT,
                            "rank %d computes %.3f s a step and the others %.3f s, which wait %s of"
                                    + " the step for it",
                            slowest.rank(),
                            slowest.computePerStep(),
                            others,
                            percent(share)),
                    "Look at what else runs on the node of rank "
                            + slowest.rank()
                            + ", or take it out of the pool.");
        }

        private Diagnosis arithmetic() {
            double optimizer = most(times -> times.optimizer() / times.total());
            double copy = most(times -> times.copy() / times.total());
            if (optimizer + copy >= TOO_FEW_TOKENS) {
                return verdict(
                        Bottleneck.MEMORY,
                        "the optimizer's pass over all parameters takes "
                                + percent(optimizer)
                                + " of the step"
                                + (copy < NOTEWORTHY
                                        ? ""
                                        : ", copies of weights and gradients " + percent(copy)),
                        "Raise globalBatchTokens, so that more tokens share each pass over the"
                                + " parameters.");
            }
            return verdict(
                    Bottleneck.COMPUTE,
                    "forward and backward pass take "
                            + percent(-most(this::notComputing))
                            + " of the step, and nothing else holds them up",
                    "Training is as fast as the processors are: use more ranks, or bf16 where the"
                            + " hardware has it.");
        }

        private double notComputing(StepTimes times) {
            return -(times.forward() + times.backward()) / times.total();
        }

        private Diagnosis verdict(Bottleneck bottleneck, String evidence, String mend) {
            return new Diagnosis(bottleneck, evidence, mend, together().shares());
        }

        private StepTimes together() {
            return new StepTimes(
                    0,
                    ranks.stream().mapToLong(StepTimes::steps).sum(),
                    sum(StepTimes::data),
                    sum(StepTimes::copy),
                    sum(StepTimes::forward),
                    sum(StepTimes::backward),
                    sum(StepTimes::communication),
                    sum(StepTimes::optimizer),
                    sum(StepTimes::checkpoint),
                    sum(StepTimes::total));
        }

        private double most(ToDoubleFunction<StepTimes> figure) {
            return ranks.stream().mapToDouble(figure).max().orElseThrow();
        }

        private double sum(ToDoubleFunction<StepTimes> figure) {
            return ranks.stream().mapToDouble(figure).sum();
        }

        private static String percent(double share) {
            return Math.round(share * 100) + " %";
        }
    }
}
