package dev.tanren.storage.tokens;

/// Tokenised documents in a fixed order. Safe for use by many threads.
public interface Documents {

    int count();

    /// Tokens of a document.
    int length(int document);

    /// Copies a part of a document's token ids.
    ///
    /// @param from first token of the part inside the document
    /// @param offset where the part begins in `target`
    /// @throws IndexOutOfBoundsException where document, part or target do not hold
    void copy(int document, int from, int length, int[] target, int offset);

    /// Tokens of all documents.
    default long tokens() {
        long tokens = 0;
        for (int document = 0; document < count(); document++) {
            tokens += length(document);
        }
        return tokens;
    }
}
