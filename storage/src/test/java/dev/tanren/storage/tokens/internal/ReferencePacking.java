package dev.tanren.storage.tokens.internal;

import dev.tanren.storage.tokens.Documents;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The rule of packing word for word, on the heap: which every plan of blocks is held against.
final class ReferencePacking {

    record Piece(int document, int from, int length) {}

    private ReferencePacking() {}

    static List<List<Piece>> pack(Documents documents, int sequenceLength) {
        List<Piece> pieces = new ArrayList<>();
        for (int document = 0; document < documents.count(); document++) {
            int left = documents.length(document);
            for (int from = 0; left >= 2; from += sequenceLength, left -= sequenceLength) {
                pieces.add(new Piece(document, from, Math.min(left, sequenceLength)));
            }
        }
        List<Integer> longestFirst = new ArrayList<>();
        for (int piece = 0; piece < pieces.size(); piece++) {
            longestFirst.add(piece);
        }
        longestFirst.sort(Comparator.comparingInt(piece -> -pieces.get(piece).length()));
        // Blocks by the room they have left; of those with the same room the newest is taken.
        TreeMap<Integer, List<List<Integer>>> byRoom = new TreeMap<>();
        List<List<Integer>> blocks = new ArrayList<>();
        for (int piece : longestFirst) {
            int length = pieces.get(piece).length();
            Map.Entry<Integer, List<List<Integer>>> fitting = byRoom.ceilingEntry(length);
            int room = fitting == null ? sequenceLength : fitting.getKey();
            List<Integer> block;
            if (fitting == null) {
                block = new ArrayList<>();
                blocks.add(block);
            } else {
                block = fitting.getValue().removeLast();
                if (fitting.getValue().isEmpty()) {
                    byRoom.remove(room);
                }
            }
            block.add(piece);
            if (room > length) {
                byRoom.computeIfAbsent(room - length, key -> new ArrayList<>()).add(block);
            }
        }
        blocks.forEach(block -> block.sort(null));
        blocks.sort(Comparator.comparingInt(List::getFirst));
        return blocks.stream().map(block -> block.stream().map(pieces::get).toList()).toList();
    }
}
