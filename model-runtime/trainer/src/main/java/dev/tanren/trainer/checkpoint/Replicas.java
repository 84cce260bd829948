package dev.tanren.trainer.checkpoint;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.trainer.distributed.ProcessGroup;
import dev.tanren.trainer.distributed.TreeReduction;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// The data ranks' copies of the state, which are equal as long as no memory fails: each computed
/// the same updates from the same sums.
///
/// A bit that changes by itself in one of them would go into every later gradient and, where that
/// rank saves the tensor, into a checkpoint whose checksums are right. A rank alone has nothing to
/// compare with.
public final class Replicas {

    private final List<TrainingState.NamedTensor> tensors;
    private final ProcessGroup group;
    private final TreeReduction reduction;

    public Replicas(TrainingState state, ProcessGroup group, TreeReduction reduction) {
        this.tensors = state.tensors();
        this.group = group;
        this.reduction = reduction;
    }

    /// Compares them; all ranks call it after the same step, and all are refused alike.
    ///
    /// @throws TanrenException `REPLICAS_DIFFER`, which names the ranks that are not as most are
    public void requireEqual(long step) {
        int ranks = group.worldSize();
        if (ranks == 1) {
            return;
        }
        long own = StateFingerprint.of(tensors);
        // Halves of 32 bits are exact in double precision, and so is their sum with zeros.
        double[] halves = new double[2 * ranks];
        halves[2 * group.rank()] = own >>> 32;
        halves[2 * group.rank() + 1] = own & 0xFFFF_FFFFL;
        double[] all = reduction.sum(halves);
        List<Long> fingerprints =
                IntStream.range(0, ranks)
                        .mapToObj(rank -> (long) all[2 * rank] << 32 | (long) all[2 * rank + 1])
                        .toList();
        if (fingerprints.stream().distinct().count() > 1) {
            throw differ(step, others(fingerprints), ranks);
        }
    }

    /// Ranks whose fingerprint is not the one that more than half of them have; all where there is
    /// none such.
    static List<Integer> others(List<Long> fingerprints) {
        Map<Long, Long> votes =
                fingerprints.stream()
                        .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        List<Integer> others = new ArrayList<>();
        for (int rank = 0; rank < fingerprints.size(); rank++) {
            long votesForIt = votes.getOrDefault(fingerprints.get(rank), 0L);
            if (2 * votesForIt <= fingerprints.size()) {
                others.add(rank);
            }
        }
        return others;
    }

    private static TanrenException differ(long step, List<Integer> others, int ranks) {
        String who =
                others.size() == ranks
                        ? "the ranks' copies of the state differ after step %d, and which is right cannot be told"
                                .formatted(step)
                        : "after step %d, the state of rank %s is not that of most of the %d ranks"
                                .formatted(
                                        step,
                                        others.stream()
                                                .map(String::valueOf)
                                                .collect(Collectors.joining(", ")),
                                        ranks);
        return new TanrenException(
                ErrorCode.REPLICAS_DIFFER,
                who
                        + ": memory was changed by something else than training; nothing of it was saved",
                "ranks " + others,
                "Nothing must be done at first: the run goes on from its last checkpoint, before which"
                        + " the copies were equal. Where it comes again, test the memory of that worker.");
    }
}
