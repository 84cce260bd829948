package dev.tanren.storage.tokens.internal;

import dev.tanren.storage.tokens.Documents;

/// Cuts documents, taken as one stream, every so many tokens.
final class StreamBlocks {

    private StreamBlocks() {}

    static BlockPlan cut(Documents documents, int sequenceLength, Memory memoryOfPlan) {
        int[] counted = new int[2];
        walk(
                documents,
                sequenceLength,
                (block, piece, document, from, length, continues) -> {
                    counted[0] = block + 1;
                    counted[1] = Math.addExact(piece, 1);
                });
        BlockPlan plan = BlockPlan.create(memoryOfPlan, sequenceLength, counted[0], counted[1]);
        walk(
                documents,
                sequenceLength,
                (block, piece, document, from, length, continues) -> {
                    plan.setPiece(piece, document, from, length, continues);
                    plan.setFirst(block + 1, piece + 1);
                });
        return plan;
    }

    private interface PieceVisitor {
        void piece(int block, int piece, int document, int from, int length, boolean continues);
    }

    private static void walk(Documents documents, int sequenceLength, PieceVisitor visitor) {
        long left = documents.tokens();
        int block = 0;
        int piece = 0;
        int document = 0;
        int from = 0;
        while (left >= 2) {
            int room = (int) Math.min(left, sequenceLength);
            left -= room;
            while (room > 0) {
                int length = Math.min(room, documents.length(document) - from);
                room -= length;
                if (length > 0) {
                    visitor.piece(block, piece++, document, from, length, room > 0);
                }
                from += length;
                if (from == documents.length(document)) {
                    document++;
                    from = 0;
                }
            }
            block = Math.addExact(block, 1);
        }
    }
}
