package dev.tanren.storage.tokens.internal;

import dev.tanren.storage.tokens.Documents;

/// Cuts documents, taken as one stream, every so many tokens.
public final class StreamBlocks {

    private StreamBlocks() {}

    public static Pieces cut(Documents documents, int sequenceLength) {
        Pieces pieces = new Pieces();
        long left = documents.tokens();
        int document = 0;
        int from = 0;
        while (left >= 2) {
            int room = (int) Math.min(left, sequenceLength);
            left -= room;
            while (room > 0) {
                int length = Math.min(room, documents.length(document) - from);
                room -= length;
                if (length > 0) {
                    pieces.add(document, from, length, room > 0);
                }
                from += length;
                if (from == documents.length(document)) {
                    document++;
                    from = 0;
                }
            }
            pieces.endBlock();
        }
        return pieces;
    }
}
