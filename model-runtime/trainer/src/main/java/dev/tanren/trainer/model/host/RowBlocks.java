package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;

/// The gradient of a vector that every row shares, from the sums of blocks of rows.
final class RowBlocks {

    private RowBlocks() {}

    /// Adds all blocks in their order, whatever threads made them.
    static void addTo(MemorySegment gradient, float[][] blocks) {
        int count = blocks.length == 0 ? 0 : blocks[0].length;
        float[] sum = new float[count];
        for (float[] block : blocks) {
            add(sum, block, count);
        }
        for (int i = 0; i < count; i++) {
            gradient.setAtIndex(JAVA_FLOAT, i, gradient.getAtIndex(JAVA_FLOAT, i) + sum[i]);
        }
    }

    private static void add(float[] sum, float[] part, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += part[i];
        }
    }
}
