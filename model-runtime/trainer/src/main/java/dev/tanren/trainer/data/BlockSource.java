package dev.tanren.trainer.data;

import dev.tanren.plan.Dataset.Order;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.tokens.PackedBlocks;

/// An endless sequence of packed blocks of one dataset, or of one tier of it, at one sequence
/// length: epoch after epoch, each in its own seeded order, or in the dataset's own order.
final class BlockSource {

    private final String key;
    private final PackedBlocks blocks;
    private final Order order;
    private final long seed;
    private final int vocabSize;

    /// @param vocabSize of the model
    /// @param key `<dataset>[@tier]/<sequence length>`, the name of the offset in a checkpoint
    BlockSource(String key, PackedBlocks blocks, Order order, long seed, int vocabSize) {
        this.key = key;
        this.blocks = blocks;
        this.order = order;
        this.seed = seed;
        this.vocabSize = vocabSize;
    }

    String key() {
        return key;
    }

    /// The member of the mix that it is.
    String member() {
        return key.substring(0, key.lastIndexOf('/'));
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

    /// Reads a block's tokens.
    ///
    /// @throws TanrenException `TOKENIZER_MISMATCH` where one is not in the model's vocabulary
    PackedBlocks.Block read(int block) {
        return within(vocabSize, blocks.block(block), id(block));
    }

    /// The block, if the model knows all its tokens.
    ///
    /// A dataset's manifest says how many ids it uses; a shard that has others would lead out of
    /// the embedding.
    static PackedBlocks.Block within(int vocabSize, PackedBlocks.Block block, String name) {
        for (int token : block.tokens()) {
            if (token < 0 || token >= vocabSize) {
                throw new TanrenException(
                        ErrorCode.TOKENIZER_MISMATCH,
                        "the token "
                                + Integer.toUnsignedString(token)
                                + " is none of the model's, whose vocabulary has "
                                + vocabSize,
                        "sample " + name,
                        "Prepare the dataset again with the tokenizer that belongs to the model.");
            }
        }
        return block;
    }

    /// Names a sample for people and for the batch's hash: `code@gold/128#57`.
    String id(int block) {
        return key + "#" + block;
    }
}
