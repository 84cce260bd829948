package dev.tanren.storage.tokens.internal;

import dev.tanren.storage.tokens.Documents;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.BitSet;

/// Best-fit decreasing over the pieces of documents, in time linear in the pieces but for a bit set
/// of one bit per length. On the heap are a few numbers for each length; of each piece 20 bytes are
/// in scratch memory and 12 in the plan.
final class BestFitPacking {

    private static final int NONE = -1;

    private final Documents documents;
    private final int sequenceLength;
    private final Memory scratch;
    private final int pieces;

    private BestFitPacking(Documents documents, int sequenceLength, Memory scratch) {
        this.documents = documents;
        this.sequenceLength = sequenceLength;
        this.scratch = scratch;
        this.pieces = count();
    }

    static BlockPlan pack(
            Documents documents, int sequenceLength, Memory scratch, Memory memoryOfPlan) {
        BestFitPacking packing = new BestFitPacking(documents, sequenceLength, scratch);
        return packing.collect(packing.place(), memoryOfPlan);
    }

    private interface PieceVisitor {
        void piece(int piece, int document, int from, int length);
    }

    /// In the order of the documents. A rest of one token has nothing to predict.
    private int eachPiece(PieceVisitor visitor) {
        int piece = 0;
        for (int document = 0; document < documents.count(); document++) {
            int left = documents.length(document);
            for (int from = 0; left >= 2; from += sequenceLength) {
                int length = Math.min(left, sequenceLength);
                visitor.piece(piece, document, from, length);
                piece = Math.addExact(piece, 1);
                left -= length;
            }
        }
        return piece;
    }

    private int count() {
        return eachPiece((piece, document, from, length) -> {});
    }

    /// Counting sort by falling length; equal lengths stay in the order of the documents.
    private MemorySegment longestFirst() {
        int[] next = new int[sequenceLength + 2];
        eachPiece((piece, document, from, length) -> next[sequenceLength - length + 1]++);
        for (int slot = 1; slot < next.length; slot++) {
            next[slot] += next[slot - 1];
        }
        MemorySegment sorted = scratch.ints(pieces);
        eachPiece(
                (piece, document, from, length) ->
                        set(sorted, next[sequenceLength - length]++, piece));
        return sorted;
    }

    /// @param blockOf the number of a block for each piece, blocks numbered as they were opened
    private record Placed(MemorySegment blockOf, int blocks) {}

    private Placed place() {
        MemorySegment sorted = longestFirst();
        MemorySegment lengths = scratch.ints(pieces);
        eachPiece((piece, document, from, length) -> set(lengths, piece, length));
        MemorySegment blockOf = scratch.ints(pieces);
        MemorySegment olderWithSameRoom = scratch.ints(pieces);
        int[] newestWithRoom = new int[sequenceLength + 1];
        Arrays.fill(newestWithRoom, NONE);
        BitSet rooms = new BitSet(sequenceLength + 1);
        int blocks = 0;
        for (int at = 0; at < pieces; at++) {
            int piece = get(sorted, at);
            int length = get(lengths, piece);
            int room = rooms.nextSetBit(length);
            int block;
            if (room < 0) {
                block = blocks++;
                room = sequenceLength;
            } else {
                block = newestWithRoom[room];
                newestWithRoom[room] = get(olderWithSameRoom, block);
                if (newestWithRoom[room] == NONE) {
                    rooms.clear(room);
                }
            }
            set(blockOf, piece, block);
            int rest = room - length;
            set(olderWithSameRoom, block, newestWithRoom[rest]);
            newestWithRoom[rest] = block;
            if (rest > 0) {
                rooms.set(rest);
            }
        }
        return new Placed(blockOf, blocks);
    }

    /// Lists the blocks by their first piece in the order of the documents, and their pieces in
    /// that order too.
    private BlockPlan collect(Placed placed, Memory memoryOfPlan) {
        int blocks = placed.blocks();
        BlockPlan plan = BlockPlan.create(memoryOfPlan, sequenceLength, blocks, pieces);
        MemorySegment place = scratch.ints(blocks); // from 1; 0 where the block was not met yet
        int met = 0;
        for (int piece = 0; piece < pieces; piece++) {
            int block = get(placed.blockOf(), piece);
            int number = get(place, block);
            if (number == 0) {
                number = ++met;
                set(place, block, number);
            }
            set(placed.blockOf(), piece, number - 1);
            plan.setFirst(number, plan.first(number) + 1);
        }
        MemorySegment next = place; // no longer needed: the next free piece of each block
        for (int block = 0; block < blocks; block++) {
            set(next, block, plan.first(block));
            plan.setFirst(block + 1, plan.first(block) + plan.first(block + 1));
        }
        eachPiece(
                (piece, document, from, length) -> {
                    int block = get(placed.blockOf(), piece);
                    int at = get(next, block);
                    set(next, block, at + 1);
                    plan.setPiece(at, document, from, length, false);
                });
        return plan;
    }

    private static int get(MemorySegment ints, int index) {
        return ints.get(BlockPlan.INT, (long) index * Integer.BYTES);
    }

    private static void set(MemorySegment ints, int index, int value) {
        ints.set(BlockPlan.INT, (long) index * Integer.BYTES, value);
    }
}
