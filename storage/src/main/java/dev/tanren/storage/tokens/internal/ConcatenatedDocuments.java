package dev.tanren.storage.tokens.internal;

import dev.tanren.storage.tokens.Documents;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/// The documents of several shards, one after the other.
public final class ConcatenatedDocuments implements Documents {

    private final List<? extends Documents> parts;
    private final int[] starts;

    public ConcatenatedDocuments(List<? extends Documents> parts) {
        this.parts = List.copyOf(parts);
        this.starts = new int[parts.size() + 1];
        for (int part = 0; part < parts.size(); part++) {
            starts[part + 1] = Math.addExact(starts[part], parts.get(part).count());
        }
    }

    @Override
    public int count() {
        return starts[parts.size()];
    }

    @Override
    public int length(int document) {
        int part = part(document);
        return parts.get(part).length(document - starts[part]);
    }

    @Override
    public long tokens() {
        return parts.stream().mapToLong(Documents::tokens).sum();
    }

    @Override
    public void copy(int document, int from, int length, int[] target, int offset) {
        int part = part(document);
        parts.get(part).copy(document - starts[part], from, length, target, offset);
    }

    /// The last part that begins at or before the document: parts may be empty.
    private int part(int document) {
        Objects.checkIndex(document, count());
        int found = Arrays.binarySearch(starts, document);
        if (found < 0) {
            return -found - 2;
        }
        while (starts[found + 1] == document) {
            found++;
        }
        return found;
    }
}
