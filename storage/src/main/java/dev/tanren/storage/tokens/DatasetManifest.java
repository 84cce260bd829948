package dev.tanren.storage.tokens;

import java.util.List;

/// A prepared dataset: `datasets/<content hash>/manifest.json`.
///
/// Two sets of documents lie in it, training and held-out. Documents are ordered by tier, best
/// first, and inside a tier by the hash of their content, so the same input gives the same objects.
/// The held-out set is one tier, so its first blocks are a fair sample of it.
///
/// @param contentHash of source bytes, tokenizer and preparation settings, hexadecimal
/// @param vocabSize of the tokenizer; for ready tokens the largest id plus one
/// @param documentBoundaries false for ready token streams: blocks are cut in sequence and
///     attention crosses nothing else
public record DatasetManifest(
        int version,
        String name,
        String contentHash,
        int vocabSize,
        boolean documentBoundaries,
        List<Shard> training,
        List<Shard> heldOut,
        Statistics statistics) {

    public static final int VERSION = 1;

    public DatasetManifest {
        training = List.copyOf(training);
        heldOut = List.copyOf(heldOut);
    }

    /// One object of token ids with all documents of one tier, or a part of them.
    ///
    /// The object is little-endian: `int32 documentCount`, `int32 bytesPerToken` (2 or 4), `int32
    /// length` of each document in tokens, then all tokens.
    ///
    /// @param tier lower-case name of the quality tier, `gold` where the dataset has one tier
    /// @param key object key
    public record Shard(
            String key, String tier, int documents, long tokens, long bytes, String sha256) {}

    public record Statistics(
            long sourceBytes, long documents, long duplicates, long tokens, double seconds) {}
}
