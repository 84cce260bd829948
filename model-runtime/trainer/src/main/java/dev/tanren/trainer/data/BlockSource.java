package dev.tanren.trainer.data;

import dev.tanren.spec.plan.Dataset.Order;
import dev.tanren.storage.tokens.PackedBlocks;

/// An endless sequence of packed blocks of one dataset, or of one tier of it, at one sequence
/// length: epoch after epoch, each in its own seeded order, or in the dataset's own order.
final class BlockSource {

    private final String key;
    private final PackedBlocks blocks;
    private final Order order;
    private final long seed;

    /// @param key `<dataset>[@tier]/<sequence length>`, the name of the offset in a checkpoint
    BlockSource(String key, PackedBlocks blocks, Order order, long seed) {
        this.key = key;
        this.blocks = blocks;
        this.order = order;
        this.seed = seed;
    }

    String key() {
        return key;
    }

    PackedBlocks blocks() {
        return blocks;
    }

    /// The block at an offset of the endless sequence.
    int block(long offset) {
        long epoch = offset / blocks.count();
        long index = offset % blocks.count();
        return switch (order) {
            case SEQUENTIAL -> (int) index;
            case SHUFFLED ->
                    (int)
                            new Permutation(
                                            blocks.count(),
                                            Permutation.key(seed, key, Long.toString(epoch)))
                                    .apply(index);
        };
    }

    /// Names a sample for people and for the batch's hash: `code@gold/128#57`.
    String id(int block) {
        return key + "#" + block;
    }
}
