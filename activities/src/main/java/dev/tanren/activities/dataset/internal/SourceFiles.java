package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.Sources;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.Dataset;
import java.util.List;
import java.util.Locale;

/// Finds the files of a dataset's sources, in the order of the sources and of their paths.
public final class SourceFiles {

    private final Sources sources;

    public SourceFiles(Sources sources) {
        this.sources = sources;
    }

    /// Files with empty hashes.
    ///
    /// @throws TanrenException as [Sources#files(String, String)]
    public List<SourceFile> find(List<Dataset.Source> wanted) {
        return wanted.stream()
                .flatMap(
                        source ->
                                sources.files(source.uri(), source.include()).stream()
                                        .map(content -> file(source, content)))
                .toList();
    }

    private static SourceFile file(Dataset.Source source, SourceContent content) {
        return new SourceFile(content, format(source, content), source.textField(), "");
    }

    private static Dataset.Format format(Dataset.Source source, SourceContent content) {
        if (source.format() != Dataset.Format.AUTO) {
            return source.format();
        }
        String name = content.where().toLowerCase(Locale.ROOT);
        return name.endsWith(".jsonl") || name.endsWith(".jsonl.gz") || name.endsWith(".jsonl.zst")
                ? Dataset.Format.JSONL
                : Dataset.Format.TEXT;
    }
}
