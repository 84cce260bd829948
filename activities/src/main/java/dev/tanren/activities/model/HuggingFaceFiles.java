package dev.tanren.activities.model;

import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.SourceFolder;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.model.ModelFiles;
import dev.tanren.spec.model.ModelFolder;
import dev.tanren.spec.model.WeightFiles;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/// The files of a Hugging Face model directory that a model is made of.
final class HuggingFaceFiles implements ModelFolder {

    static final String CONFIGURATION = ModelFiles.CONFIGURATION;
    static final String TOKENIZER = ModelFiles.TOKENIZER;

    /// Indexes of the largest models have a few hundred KiB.
    private static final int MOST_INDEX_BYTES = 64 << 20;

    private final SourceFolder folder;

    /// What was asked for and is there: a file of the Hub costs a request each time.
    private final SortedMap<String, SourceContent> found = new TreeMap<>();

    private HuggingFaceFiles(SourceFolder folder) {
        this.folder = folder;
    }

    /// Files by name.
    ///
    /// @throws TanrenException `MODEL_MISSING` where there is no configuration, and what
    ///     [WeightFiles#find] throws
    static SortedMap<String, SourceContent> find(SourceFolder folder) {
        HuggingFaceFiles files = new HuggingFaceFiles(folder);
        if (!files.has(CONFIGURATION)) {
            throw new TanrenException(
                    ErrorCode.MODEL_MISSING,
                    "the model has no " + CONFIGURATION,
                    folder.where(CONFIGURATION),
                    "Name a Hugging Face model directory.");
        }
        files.has(TOKENIZER);
        ModelFiles.CARRIED.forEach(files::has);
        WeightFiles.find(files);
        return files.found;
    }

    @Override
    public boolean has(String name) {
        folder.file(name).ifPresent(file -> found.put(name, file));
        return found.containsKey(name);
    }

    @Override
    public byte[] read(String name) {
        return Objects.requireNonNull(found.get(name), name).read(MOST_INDEX_BYTES);
    }

    @Override
    public List<String> names() {
        return folder.names();
    }

    @Override
    public String where(String name) {
        return name.isEmpty() ? folder.where() : folder.where(name);
    }
}
