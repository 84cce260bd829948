package dev.tanren.storage.tokens.internal;

import dev.tanren.storage.tokens.Documents;
import java.util.concurrent.atomic.AtomicLong;

/// Documents whose reading gives a sign now and then.
record SigningDocuments(Documents documents, Runnable sign, AtomicLong read) implements Documents {

    private static final long READ_BETWEEN_SIGNS = 1 << 16;

    SigningDocuments(Documents documents, Runnable sign) {
        this(documents, sign, new AtomicLong());
    }

    @Override
    public int count() {
        return documents.count();
    }

    @Override
    public int length(int document) {
        if (read.incrementAndGet() % READ_BETWEEN_SIGNS == 0) {
            sign.run();
        }
        return documents.length(document);
    }

    @Override
    public void copy(int document, int from, int length, int[] target, int offset) {
        documents.copy(document, from, length, target, offset);
    }
}
