package dev.tanren.activities.dataset.internal;

import dev.tanren.plan.Dataset;
import dev.tanren.storage.tokens.DatasetManifest.SourceStatistics;
import dev.tanren.storage.tokens.DatasetManifest.Statistics;
import java.util.ArrayList;
import java.util.List;

/// Counts what is met of one source.
public final class SourceCounts {

    private long files;
    private long bytes;
    private long documents;
    private long heldOut;
    private long duplicates;
    private long dropped;
    private long tokens;

    static SourceCounts[] of(int sources) {
        SourceCounts[] counts = new SourceCounts[sources];
        for (int source = 0; source < sources; source++) {
            counts[source] = new SourceCounts();
        }
        return counts;
    }

    void file(long fileBytes) {
        files++;
        bytes += fileBytes;
    }

    void duplicate() {
        duplicates++;
    }

    void dropped() {
        dropped++;
    }

    void kept(long documentTokens, boolean isHeldOut) {
        documents++;
        heldOut += isHeldOut ? 1 : 0;
        tokens += documentTokens;
    }

    /// The sum and its parts.
    static Statistics statistics(
            List<SourceCounts> counts, List<Dataset.Source> sources, double seconds) {
        SourceCounts sum = new SourceCounts();
        List<SourceStatistics> parts = new ArrayList<>();
        for (int source = 0; source < sources.size(); source++) {
            SourceCounts count = counts.get(source);
            sum.add(count);
            parts.add(count.of(sources.get(source).uri()));
        }
        return new Statistics(
                sum.bytes,
                sum.documents,
                sum.heldOut,
                sum.duplicates,
                sum.dropped,
                sum.tokens,
                seconds,
                parts);
    }

    private SourceStatistics of(String uri) {
        return new SourceStatistics(
                uri, files, bytes, documents, heldOut, duplicates, dropped, tokens);
    }

    private void add(SourceCounts other) {
        files += other.files;
        bytes += other.bytes;
        documents += other.documents;
        heldOut += other.heldOut;
        duplicates += other.duplicates;
        dropped += other.dropped;
        tokens += other.tokens;
    }
}
