package dev.tanren.storage.tokens.internal;

import dev.tanren.storage.tokens.Documents;

/// Cuts documents into blocks, in one of two modes.
public final class Packing {

    private Packing() {}

    /// @param sequenceLength tokens of a block, at least 2
    /// @param documentBoundaries whether documents are placed as they are, or as one stream
    /// @param scratch for what is needed meanwhile
    /// @param memoryOfPlan for the plan
    public static BlockPlan pack(
            Documents documents,
            int sequenceLength,
            boolean documentBoundaries,
            Memory scratch,
            Memory memoryOfPlan) {
        if (sequenceLength < 2) {
            throw new IllegalArgumentException("a block of " + sequenceLength + " tokens");
        }
        return documentBoundaries
                ? BestFitPacking.pack(documents, sequenceLength, scratch, memoryOfPlan)
                : StreamBlocks.cut(documents, sequenceLength, memoryOfPlan);
    }
}
