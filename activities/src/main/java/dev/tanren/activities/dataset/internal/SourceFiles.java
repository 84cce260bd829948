package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.error.TanrenException;
import java.util.ArrayList;
import java.util.List;

/// Finds the files of a dataset's sources, in the order of the sources and of their paths.
public final class SourceFiles {

    private final Sources sources;

    public SourceFiles(Sources sources) {
        this.sources = sources;
    }

    /// Files with empty hashes, in the formats that the plan gives.
    ///
    /// @throws TanrenException as [Sources#files(String, String)]
    public List<SourceFile> find(List<Dataset.Source> wanted) {
        List<SourceFile> files = new ArrayList<>();
        for (int index = 0; index < wanted.size(); index++) {
            Dataset.Source source = wanted.get(index);
            for (SourceContent content : sources.files(source.uri(), source.include())) {
                files.add(new SourceFile(index, content, source.format(), source.textField(), ""));
            }
        }
        return files;
    }
}
