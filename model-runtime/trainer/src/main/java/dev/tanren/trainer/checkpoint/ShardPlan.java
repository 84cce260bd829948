package dev.tanren.trainer.checkpoint;

import dev.tanren.trainer.checkpoint.TrainingState.NamedTensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Which rank saves which tensor: whole tensors, the largest first to the rank that has least so
/// far. A pure function of the tensors and the number of ranks, so ranks agree without a word.
final class ShardPlan {

    private ShardPlan() {}

    /// The tensors that `rank` saves, in their given order. Together the ranks save each one
    /// once.
    static List<NamedTensor> share(List<NamedTensor> tensors, int rank, int worldSize) {
        List<Integer> bySize = new ArrayList<>();
        for (int i = 0; i < tensors.size(); i++) {
            bySize.add(i);
        }
        bySize.sort(
                Comparator.comparingLong((Integer i) -> -tensors.get(i).bytes().byteSize())
                        .thenComparingInt(i -> i));
        long[] load = new long[worldSize];
        boolean[] own = new boolean[tensors.size()];
        for (int i : bySize) {
            int least = 0;
            for (int candidate = 1; candidate < worldSize; candidate++) {
                if (load[candidate] < load[least]) {
                    least = candidate;
                }
            }
            load[least] += tensors.get(i).bytes().byteSize();
            own[i] = least == rank;
        }
        List<NamedTensor> share = new ArrayList<>();
        for (int i = 0; i < tensors.size(); i++) {
            if (own[i]) {
                share.add(tensors.get(i));
            }
        }
        return share;
    }
}
