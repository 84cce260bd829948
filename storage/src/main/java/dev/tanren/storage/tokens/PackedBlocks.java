package dev.tanren.storage.tokens;

import dev.tanren.storage.tokens.internal.BlockPlan;
import dev.tanren.storage.tokens.internal.Memory;
import dev.tanren.storage.tokens.internal.Packing;
import java.util.Arrays;
import java.util.Objects;

/// Documents cut into blocks of equal length: a pure function of the documents' lengths and the
/// sequence length, so every process gets the same blocks.
///
/// With document boundaries, documents longer than a block are split, then all pieces are placed by
/// best-fit decreasing (Ding et al., *Fewer Truncations Improve Language Modeling*, 2024): each
/// goes, longest first, into the block with the least room that still takes it, and none is split
/// again. Blocks are numbered by their first piece in the order of the documents. Pieces of one
/// token have nothing to predict and are left out, so every block has a target.
///
/// Without them, the documents are one stream, cut every `sequenceLength` tokens; a rest of one
/// token is left out.
///
/// What lies where is outside the Java heap: 12 bytes a piece, mapped from a file where
/// [TokenDataset] gives the blocks. Immutable; safe for use by many threads.
public final class PackedBlocks {

    /// The target where there is nothing to predict, as in PyTorch's cross-entropy.
    public static final int NO_TARGET = -100;

    private final Documents documents;
    private final BlockPlan pieces;
    private final int sequenceLength;

    PackedBlocks(Documents documents, BlockPlan pieces, int sequenceLength) {
        this.documents = documents;
        this.pieces = pieces;
        this.sequenceLength = sequenceLength;
    }

    /// Packs anew, in memory of the process.
    ///
    /// @param sequenceLength tokens of a block, at least 2
    /// @param documentBoundaries of the manifest
    public static PackedBlocks pack(
            Documents documents, int sequenceLength, boolean documentBoundaries) {
        return new PackedBlocks(
                documents,
                Packing.pack(
                        documents,
                        sequenceLength,
                        documentBoundaries,
                        Memory.OF_PROCESS,
                        Memory.OF_PROCESS),
                sequenceLength);
    }

    /// Number of blocks.
    public int count() {
        return pieces.blocks();
    }

    public int sequenceLength() {
        return sequenceLength;
    }

    /// How many tokens of a block have a target; reads no token. At least 1.
    public int targets(int block) {
        Objects.checkIndex(block, count());
        int targets = 0;
        for (int piece = pieces.first(block); piece < pieces.first(block + 1); piece++) {
            targets += pieces.length(piece) - (pieces.continues(piece) ? 0 : 1);
        }
        return targets;
    }

    /// Reads a block's tokens.
    public Block block(int index) {
        Objects.checkIndex(index, count());
        Block block = Block.empty(sequenceLength);
        int start = 0;
        int attended = 0;
        int at = 0;
        for (int piece = pieces.first(index); piece < pieces.first(index + 1); piece++) {
            int length = pieces.length(piece);
            documents.copy(pieces.document(piece), pieces.from(piece), length, block.tokens(), at);
            at += length;
            if (!pieces.continues(piece)) {
                block.fill(start, at, attended++);
                start = at;
            }
        }
        return block;
    }

    /// One block; all arrays have the block's length.
    ///
    /// @param tokens ids; 0 in the padding at the end
    /// @param targets the token that follows in the same piece, or [#NO_TARGET]
    /// @param positions inside the piece, from 0
    /// @param documents which piece of the block a token is of, from 0; -1 in the padding Arrays on
    ///     purpose: they go to tensors as they are, and nobody compares blocks.
    @SuppressWarnings("ArrayRecordComponent")
    public record Block(int[] tokens, int[] targets, int[] positions, int[] documents) {

        private static Block empty(int length) {
            int[] targets = new int[length];
            int[] documents = new int[length];
            Arrays.fill(targets, NO_TARGET);
            Arrays.fill(documents, -1);
            return new Block(new int[length], targets, new int[length], documents);
        }

        private void fill(int from, int to, int document) {
            for (int at = from; at < to; at++) {
                positions[at] = at - from;
                documents[at] = document;
                if (at + 1 < to) {
                    targets[at] = tokens[at + 1];
                }
            }
        }
    }
}
