package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.plan.Dataset;

/// One file of a dataset.
///
/// @param source place of its source in the dataset, from 0
/// @param format `AUTO` until it is identified
/// @param sha256 of the file's bytes, hexadecimal; empty until it is identified
public record SourceFile(
        int source, SourceContent content, Dataset.Format format, String textField, String sha256) {

    /// The file with its hash, and with its format where that was left to be found.
    ///
    /// @throws dev.tanren.plan.error.TanrenException `SOURCE_UNREADABLE`
    public SourceFile identified(Progress progress) {
        return FileFormats.identified(this, content.digest(progress, FileFormats.HEAD_BYTES));
    }

    public long bytes() {
        return content.bytes();
    }

    /// What errors call it.
    public String where() {
        return content.where();
    }
}
