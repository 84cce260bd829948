package dev.tanren.storage.tokens.internal;

import java.util.Arrays;

/// Parts of documents in the order in which they lie in blocks.
public final class Pieces {

    private static final int CONTINUES = 1 << 31;

    private int[] document = new int[256];
    private int[] from = new int[256];
    private int[] length = new int[256];
    private int count;
    private int[] first = new int[65];
    private int blocks;

    /// Adds a piece to the block at work.
    ///
    /// @param continues whether the next piece of the block goes on where this one ends
    void add(int document, int from, int length, boolean continues) {
        if (count == this.document.length) {
            this.document = Arrays.copyOf(this.document, count * 2);
            this.from = Arrays.copyOf(this.from, count * 2);
            this.length = Arrays.copyOf(this.length, count * 2);
        }
        this.document[count] = document;
        this.from[count] = from;
        this.length[count] = continues ? length | CONTINUES : length;
        count++;
    }

    void endBlock() {
        if (blocks + 1 == first.length) {
            first = Arrays.copyOf(first, first.length * 2);
        }
        first[++blocks] = count;
    }

    public int blocks() {
        return blocks;
    }

    /// Index of the first piece of a block; for the block after the last one, the number of pieces.
    public int first(int block) {
        return first[block];
    }

    public int document(int piece) {
        return document[piece];
    }

    public int from(int piece) {
        return from[piece];
    }

    public int length(int piece) {
        return length[piece] & ~CONTINUES;
    }

    public boolean continues(int piece) {
        return length[piece] < 0;
    }
}
