package dev.tanren.activities.dataset.internal;

import dev.tanren.spec.plan.Dataset;
import java.nio.file.Path;

/// One file of a dataset.
///
/// @param format never `AUTO`
/// @param sha256 of the file's bytes, hexadecimal
public record SourceFile(
        Path path, Dataset.Format format, String textField, long bytes, String sha256) {

    public SourceFile withHash(String hash) {
        return new SourceFile(path, format, textField, bytes, hash);
    }
}
