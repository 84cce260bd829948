package dev.tanren.storage.tokens;

import java.util.ArrayList;
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

    public static final int VERSION = 2;

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

    /// What was prepared.
    ///
    /// @param sourceBytes of all files, packed as they are
    /// @param documents that are kept, the held-out ones among them; of ready tokens the files
    /// @param heldOut documents that are kept out of training
    /// @param duplicates documents that are left out because another has the same text
    /// @param dropped documents that are left out because they are blank
    /// @param tokens of the documents that are kept
    /// @param seconds that the preparation took
    /// @param sources in the order of the plan that it was first prepared for
    public record Statistics(
            long sourceBytes,
            long documents,
            long heldOut,
            long duplicates,
            long dropped,
            long tokens,
            double seconds,
            List<SourceStatistics> sources) {
        public Statistics {
            sources = List.copyOf(sources);
        }

        /// The same under the names of other sources that have the same content, in the same order.
        public Statistics named(List<String> uris) {
            if (uris.size() != sources.size()) {
                return this;
            }
            List<SourceStatistics> named = new ArrayList<>();
            for (int source = 0; source < uris.size(); source++) {
                named.add(sources.get(source).named(uris.get(source)));
            }
            return new Statistics(
                    sourceBytes, documents, heldOut, duplicates, dropped, tokens, seconds, named);
        }

        /// Of a dataset that was not made of sources.
        public static Statistics of(long documents, long tokens) {
            return new Statistics(0, documents, 0, 0, 0, tokens, 0, List.of());
        }
    }

    /// What was prepared of one source; fields as in [Statistics]. A duplicate counts where it was
    /// met second.
    ///
    /// @param uri as the plan writes it
    public record SourceStatistics(
            String uri,
            long files,
            long bytes,
            long documents,
            long heldOut,
            long duplicates,
            long dropped,
            long tokens) {

        private SourceStatistics named(String other) {
            return new SourceStatistics(
                    other, files, bytes, documents, heldOut, duplicates, dropped, tokens);
        }
    }
}
