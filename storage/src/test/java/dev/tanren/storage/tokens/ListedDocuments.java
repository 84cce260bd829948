package dev.tanren.storage.tokens;

import java.util.List;

/// Documents in memory.
record ListedDocuments(List<int[]> documents) implements Documents {

    /// Documents of these lengths whose token ids are all different, from 1 on.
    static ListedDocuments ofLengths(List<Integer> lengths) {
        int[] next = {1};
        return new ListedDocuments(
                lengths.stream()
                        .map(
                                length -> {
                                    int[] ids = new int[length];
                                    for (int at = 0; at < length; at++) {
                                        ids[at] = next[0]++;
                                    }
                                    return ids;
                                })
                        .toList());
    }

    @Override
    public int count() {
        return documents.size();
    }

    @Override
    public int length(int document) {
        return documents.get(document).length;
    }

    @Override
    public void copy(int document, int from, int length, int[] target, int offset) {
        System.arraycopy(documents.get(document), from, target, offset, length);
    }
}
