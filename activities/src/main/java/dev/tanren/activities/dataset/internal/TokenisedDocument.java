package dev.tanren.activities.dataset.internal;

import java.util.Comparator;

/// Where a tokenised document lies in the spill file.
///
/// @param hashHigh first eight bytes of the SHA-256 of the document's text, big-endian
/// @param hashLow the eight bytes after them
/// @param offset in tokens
/// @param source place of its source in the dataset, from 0
public record TokenisedDocument(
        long hashHigh, long hashLow, double score, long offset, int length, int source) {

    public static final Comparator<TokenisedDocument> BY_HASH =
            ((Comparator<TokenisedDocument>)
                            (a, b) -> Long.compareUnsigned(a.hashHigh(), b.hashHigh()))
                    .thenComparing((a, b) -> Long.compareUnsigned(a.hashLow(), b.hashLow()));

    /// The order of the sources, in which documents come and their tokens are spilt.
    public static final Comparator<TokenisedDocument> AS_READ =
            Comparator.comparingLong(TokenisedDocument::offset);

    public static final Comparator<TokenisedDocument> BEST_FIRST =
            Comparator.comparingDouble(TokenisedDocument::score).reversed().thenComparing(BY_HASH);

    /// The hash as a number from 0 on and below 1.
    public double fraction() {
        return (hashHigh >>> 11) * 0x1p-53;
    }
}
