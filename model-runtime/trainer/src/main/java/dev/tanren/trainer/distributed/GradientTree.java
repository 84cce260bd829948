package dev.tanren.trainer.distributed;

import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.util.ArrayList;
import java.util.List;

/// Sums the gradients of a rank's micro-batches in a fixed binary tree.
///
/// A range of micro-batches is halved while its length is even; an odd rest is summed from left
/// to right. The tree over the whole step has every rank's run as a subtree, as long as the
/// number of ranks is a power of two that divides the number of micro-batches, and
/// [TreeReduction] walks the levels above it. So the bits of the sum do not depend on the number
/// of ranks.
///
/// A rank with `k` micro-batches needs at most `⌊log₂ k⌋ + 1` buffers, made when first used.
public final class GradientTree implements AutoCloseable {

    /// Adds the gradient of one leaf.
    @FunctionalInterface
    public interface Leaf {
        /// @param index of the micro-batch in the rank's run
        void addInto(int index, FlatBuffer buffer);
    }

    private final long elements;
    private final ComputeDevice device;
    private final List<FlatBuffer> levels = new ArrayList<>();

    /// In the host's memory.
    ///
    /// @param elements fp32 numbers of one gradient
    public GradientTree(long elements) {
        this(elements, ComputeDevice.HOST);
    }

    /// @param elements fp32 numbers of one gradient
    /// @param device whose memory the gradients lie in
    public GradientTree(long elements, ComputeDevice device) {
        this.elements = elements;
        this.device = device;
    }

    /// The sum over `leaves` micro-batches, valid until the next call.
    public FlatBuffer sum(int leaves, Leaf leaf) {
        sum(0, leaves, 0, leaf);
        return level(0);
    }

    private void sum(int first, int count, int level, Leaf leaf) {
        if (count > 1 && count % 2 == 0) {
            int half = count / 2;
            sum(first, half, level, leaf);
            sum(first + half, half, level + 1, leaf);
            level(level).tensor().add_(level(level + 1).tensor());
            return;
        }
        FlatBuffer target = level(level);
        target.zero();
        for (int index = first; index < first + count; index++) {
            leaf.addInto(index, target);
        }
    }

    private FlatBuffer level(int level) {
        if (level == levels.size()) {
            levels.add(FlatBuffer.allocate(elements, device));
        }
        return levels.get(level);
    }

    @Override
    public void close() {
        levels.forEach(FlatBuffer::close);
        levels.clear();
    }
}
