package dev.tanren.activities.dataset.internal.text;

/// How large documents may be.
///
/// @param mostBytes of UTF-8 that a document's text and a JSON line may have
/// @param bytesInMemory above which a document lies in a scratch file instead of in memory
public record DocumentLimits(int mostBytes, int bytesInMemory) {

    /// The one limit of a text file, a document and a line of JSON: 256 MiB of UTF-8, a byte order
    /// mark and the line's end not counted. `docs/data.md` names it.
    public static final int MOST_BYTES = 256 << 20;

    public static final DocumentLimits STANDARD = new DocumentLimits(MOST_BYTES, 1 << 20);

    /// Such as `256 MiB`.
    public String shown() {
        return mostBytes >= 1 << 20 ? (mostBytes >> 20) + " MiB" : mostBytes + " bytes";
    }
}
