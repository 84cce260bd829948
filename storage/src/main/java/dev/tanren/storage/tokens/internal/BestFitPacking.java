package dev.tanren.storage.tokens.internal;

import dev.tanren.storage.tokens.Documents;
import java.util.Arrays;
import java.util.BitSet;

/// Best-fit decreasing over the pieces of documents, in time linear in the pieces but for a bit set
/// of one bit per length.
public final class BestFitPacking {

    private static final int NONE = -1;

    private final Documents documents;
    private final int sequenceLength;

    /// Pieces in the order of the documents.
    private int[] pieceDocument = new int[256];

    private int[] pieceFrom = new int[256];
    private int[] pieceLength = new int[256];
    private int pieces;

    private BestFitPacking(Documents documents, int sequenceLength) {
        this.documents = documents;
        this.sequenceLength = sequenceLength;
    }

    public static Pieces pack(Documents documents, int sequenceLength) {
        BestFitPacking packing = new BestFitPacking(documents, sequenceLength);
        packing.split();
        return packing.collect(packing.place(packing.longestFirst()));
    }

    private void split() {
        for (int document = 0; document < documents.count(); document++) {
            int left = documents.length(document);
            for (int from = 0; left >= 2; from += sequenceLength) {
                int length = Math.min(left, sequenceLength);
                addPiece(document, from, length);
                left -= length;
            }
        }
    }

    private void addPiece(int document, int from, int length) {
        if (pieces == pieceLength.length) {
            pieceDocument = Arrays.copyOf(pieceDocument, pieces * 2);
            pieceFrom = Arrays.copyOf(pieceFrom, pieces * 2);
            pieceLength = Arrays.copyOf(pieceLength, pieces * 2);
        }
        pieceDocument[pieces] = document;
        pieceFrom[pieces] = from;
        pieceLength[pieces] = length;
        pieces++;
    }

    /// Counting sort by falling length; equal lengths stay in the order of the documents.
    private int[] longestFirst() {
        int[] next = new int[sequenceLength + 2];
        for (int piece = 0; piece < pieces; piece++) {
            next[sequenceLength - pieceLength[piece] + 1]++;
        }
        for (int slot = 1; slot < next.length; slot++) {
            next[slot] += next[slot - 1];
        }
        int[] sorted = new int[pieces];
        for (int piece = 0; piece < pieces; piece++) {
            sorted[next[sequenceLength - pieceLength[piece]]++] = piece;
        }
        return sorted;
    }

    /// Gives each piece the number of a block, blocks numbered as they were opened.
    private int[] place(int[] sorted) {
        int[] blockOf = new int[pieces];
        int[] newestWithRoom = new int[sequenceLength + 1];
        int[] olderWithSameRoom = new int[pieces];
        Arrays.fill(newestWithRoom, NONE);
        BitSet rooms = new BitSet(sequenceLength + 1);
        int blocks = 0;
        for (int piece : sorted) {
            int length = pieceLength[piece];
            int room = rooms.nextSetBit(length);
            int block;
            if (room < 0) {
                block = blocks++;
                room = sequenceLength;
            } else {
                block = newestWithRoom[room];
                newestWithRoom[room] = olderWithSameRoom[block];
                if (newestWithRoom[room] == NONE) {
                    rooms.clear(room);
                }
            }
            blockOf[piece] = block;
            int rest = room - length;
            olderWithSameRoom[block] = newestWithRoom[rest];
            newestWithRoom[rest] = block;
            if (rest > 0) {
                rooms.set(rest);
            }
        }
        return blockOf;
    }

    /// Lists the blocks by their first piece in the order of the documents.
    private Pieces collect(int[] blockOf) {
        int[] firstPiece = new int[pieces];
        int[] lastPiece = new int[pieces];
        int[] nextPiece = new int[pieces];
        Arrays.fill(firstPiece, NONE);
        Arrays.fill(nextPiece, NONE);
        for (int piece = 0; piece < pieces; piece++) {
            int block = blockOf[piece];
            if (firstPiece[block] == NONE) {
                firstPiece[block] = piece;
            } else {
                nextPiece[lastPiece[block]] = piece;
            }
            lastPiece[block] = piece;
        }
        Pieces packed = new Pieces();
        for (int head = 0; head < pieces; head++) {
            if (firstPiece[blockOf[head]] != head) {
                continue;
            }
            for (int piece = head; piece != NONE; piece = nextPiece[piece]) {
                packed.add(pieceDocument[piece], pieceFrom[piece], pieceLength[piece], false);
            }
            packed.endBlock();
        }
        return packed;
    }
}
