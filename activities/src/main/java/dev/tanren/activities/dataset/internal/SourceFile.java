package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.source.SourceContent;
import dev.tanren.spec.plan.Dataset;

/// One file of a dataset.
///
/// @param format never `AUTO`
/// @param sha256 of the file's bytes, hexadecimal
public record SourceFile(
        SourceContent content, Dataset.Format format, String textField, String sha256) {

    public SourceFile withHash(String hash) {
        return new SourceFile(content, format, textField, hash);
    }

    public long bytes() {
        return content.bytes();
    }

    /// What errors call it.
    public String where() {
        return content.where();
    }
}
