package dev.tanren.trainer.distributed;

import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.util.ArrayList;
import java.util.List;

/// Sums the gradients of a rank's micro-batches in a fixed binary tree.
///
/// Micro-batches are halved while their number is even, until there are as many runs as are wanted;
/// a run is summed from left to right. The tree over the whole step has every rank's micro-batches
/// as a subtree, as long as the number of ranks is a power of two that divides both, and
/// [TreeReduction] walks the levels above it. So the bits of the sum do not depend on the number
/// of ranks, up to the number of runs.
///
/// A rank with `r` runs needs at most `log₂ r + 1` buffers, made when first used.
public final class GradientTree implements AutoCloseable {

    /// What is done at one micro-batch of the run.
    ///
    /// @param level of the partial sum that its gradient is added to
    /// @param begins whether that sum begins with it
    /// @param merged levels that are complete after it, in order; the next one is added to each
    private record Leaf(int level, boolean begins, List<Integer> merged) {}

    private final long elements;
    private final ComputeDevice device;
    private final List<FlatBuffer> levels = new ArrayList<>();
    private final List<Leaf> leaves = new ArrayList<>();
    private int begun;

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

    /// Begins the sum over so many micro-batches. The one before is no longer valid.
    ///
    /// @param runs into which they are halved at most, a power of two; each is summed from left to
    ///     right
    public void begin(int microBatches, int runs) {
        leaves.clear();
        plan(microBatches, runs, 0);
        begun = 0;
    }

    private void plan(int count, int runs, int level) {
        if (runs > 1 && count % 2 == 0) {
            plan(count / 2, runs / 2, level);
            plan(count / 2, runs / 2, level + 1);
            leaves.getLast().merged.add(level);
            return;
        }
        for (int index = 0; index < count; index++) {
            leaves.add(new Leaf(level, index == 0, new ArrayList<>()));
        }
    }

    /// What the gradient of a micro-batch is added to. They are asked for in order; the same one
    /// again has the same buffer.
    public FlatBuffer buffer(int microBatch) {
        Leaf leaf = leaves.get(microBatch);
        FlatBuffer buffer = level(leaf.level);
        if (begun == microBatch) {
            begun++;
            if (leaf.begins) {
                buffer.zero();
            }
        }
        return buffer;
    }

    /// The gradient of a micro-batch is complete.
    public void done(int microBatch) {
        for (int level : leaves.get(microBatch).merged) {
            level(level).tensor().add_(level(level + 1).tensor());
        }
    }

    /// The sum over all micro-batches, once they are done.
    public FlatBuffer sum() {
        return level(0);
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
