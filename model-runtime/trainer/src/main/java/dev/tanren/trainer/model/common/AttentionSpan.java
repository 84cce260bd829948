package dev.tanren.trainer.model.common;

import dev.tanren.trainer.model.MicroBatch;
import java.util.ArrayList;
import java.util.List;

/// Places that one causal attention covers: `sequences` times `length` of them, beginning at place
/// `from`.
///
/// Packed rows fall into one span for each document, so attention never crosses a document and no
/// mask is needed; neighbouring rows of one document each share a span.
public record AttentionSpan(int from, int sequences, int length) {

    public int places() {
        return sequences * length;
    }

    /// The spans of a micro-batch, in order. They cover every place: padding has its own, or ends
    /// the row of its only document, where causal attention keeps it out of sight.
    public static List<AttentionSpan> of(MicroBatch batch) {
        int length = batch.sequenceLength();
        List<AttentionSpan> spans = new ArrayList<>();
        int whole = 0;
        for (int row = 0; row < batch.sequences(); row++) {
            if (oneDocument(batch, row)) {
                whole++;
                continue;
            }
            flush(spans, row, whole, length);
            whole = 0;
            addDocuments(spans, batch, row);
        }
        flush(spans, batch.sequences(), whole, length);
        return spans;
    }

    private static void flush(List<AttentionSpan> spans, int row, int whole, int length) {
        if (whole > 0) {
            spans.add(new AttentionSpan((row - whole) * length, whole, length));
        }
    }

    private static boolean oneDocument(MicroBatch batch, int row) {
        int from = row * batch.sequenceLength();
        int document = batch.documents()[from];
        for (int i = from + 1; i < from + batch.sequenceLength(); i++) {
            int here = batch.documents()[i];
            if (here != document && here != MicroBatch.PADDING) {
                return false;
            }
        }
        return true;
    }

    private static void addDocuments(List<AttentionSpan> spans, MicroBatch batch, int row) {
        int start = row * batch.sequenceLength();
        int end = start + batch.sequenceLength();
        for (int i = start + 1; i <= end; i++) {
            if (i == end || batch.documents()[i] != batch.documents()[start]) {
                spans.add(new AttentionSpan(start, 1, i - start));
                start = i;
            }
        }
    }
}
