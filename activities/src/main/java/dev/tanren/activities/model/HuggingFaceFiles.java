package dev.tanren.activities.model;

import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.SourceFolder;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.ModelFiles;
import dev.tanren.plan.model.ModelFolder;
import dev.tanren.plan.model.WeightFiles;
import dev.tanren.storage.objects.Sha256;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/// The files of a Hugging Face model directory that a model is made of.
final class HuggingFaceFiles implements ModelFolder {

    static final String CONFIGURATION = ModelFiles.CONFIGURATION;
    static final String TOKENIZER = ModelFiles.TOKENIZER;

    /// Indexes of the largest models have a few hundred KiB, tokenizers tens of MiB.
    private static final int MOST_BYTES = 64 << 20;

    private static final int MOST_CONFIGURATION_BYTES = 4 << 20;

    private final SourceFolder folder;

    /// What was asked for and is there: a file of the Hub costs a request each time.
    private final SortedMap<String, SourceContent> found = new TreeMap<>();

    /// What was read: each is read once, whoever asks.
    private final Map<String, byte[]> bytes = new HashMap<>();

    private final Set<String> asked = new HashSet<>();

    private HuggingFaceFiles(SourceFolder folder) {
        this.folder = folder;
    }

    /// Finds the files and looks into none but the index of weights.
    ///
    /// @throws TanrenException `MODEL_MISSING` where there is no configuration, and what
    ///     [WeightFiles#find] throws
    static HuggingFaceFiles find(SourceFolder folder) {
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
        return files;
    }

    /// The tokenizer and what lies beside it that says something of its tokens.
    ///
    /// @param tokenizer whatever it is called
    static HuggingFaceFiles ofTokenizer(SourceContent tokenizer, SourceFolder folder) {
        HuggingFaceFiles files = new HuggingFaceFiles(folder);
        files.asked.add(TOKENIZER);
        files.found.put(TOKENIZER, tokenizer);
        ModelFiles.OF_TOKENIZER.forEach(files::has);
        return files;
    }

    /// Files by name.
    SortedMap<String, SourceContent> files() {
        return Collections.unmodifiableSortedMap(found);
    }

    @Override
    public boolean has(String name) {
        if (asked.add(name)) {
            folder.file(name).ifPresent(file -> found.put(name, file));
        }
        return found.containsKey(name);
    }

    @Override
    public byte[] read(String name) {
        int most = name.equals(CONFIGURATION) ? MOST_CONFIGURATION_BYTES : MOST_BYTES;
        return bytes.computeIfAbsent(
                name, any -> Objects.requireNonNull(found.get(any), any).read(most));
    }

    /// @param sha256 of the whole file
    /// @throws TanrenException `SOURCE_UNREADABLE` where the file was other bytes when it was read
    void requireRead(String name, String sha256) {
        byte[] read = bytes.get(name);
        if (read != null && !Sha256.of(read).equals(sha256)) {
            throw Objects.requireNonNull(found.get(name), name).changed();
        }
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
