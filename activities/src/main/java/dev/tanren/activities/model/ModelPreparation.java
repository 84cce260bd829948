package dev.tanren.activities.model;

import dev.tanren.activities.dataset.FileRoots;
import dev.tanren.activities.dataset.Progress;
import dev.tanren.activities.dataset.internal.Digests;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.model.HuggingFaceConfiguration;
import dev.tanren.spec.plan.ModelSource;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.workflows.activity.ModelActivities.ResolvedModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// Brings a plan's tokenizer and base model into the object store, once for the same bytes.
///
/// Objects lie under `models/<content hash>/`; `config.json` comes last, so a model is whole or not
/// there. `file:` sources are read.
public final class ModelPreparation {

    private final ObjectStore store;
    private final FileRoots roots;

    public ModelPreparation(ObjectStore store, FileRoots roots) {
        this.store = store;
        this.roots = roots;
    }

    /// @throws TanrenException `MODEL_MISSING`, `MODEL_UNSUPPORTED`, `MODEL_CONFIGURATION`,
    ///     `PICKLE_REFUSED`, `TOKENIZER_UNREADABLE`, `SOURCE_MISSING`, `SOURCE_UNREADABLE` and what
    ///     the store throws
    public ResolvedModel resolve(ModelSource source, Progress progress) {
        return switch (source) {
            case ModelSource.Fresh fresh -> {
                String tokenizer = fresh.tokenizer();
                yield new ResolvedModel(
                        fresh.architecture(), tokenizer == null ? "" : tokenizer(tokenizer), null);
            }
            case ModelSource.Base base -> base(base.uri(), progress);
        };
    }

    private String tokenizer(String uri) {
        Path file = roots.resolve(uri);
        if (Files.isDirectory(file)) {
            file =
                    roots.permitted(
                            file.resolve(HuggingFaceFiles.TOKENIZER), file + "/tokenizer.json");
        }
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(file);
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.TOKENIZER_UNREADABLE,
                    "the tokenizer cannot be read: " + e,
                    file.toString(),
                    "Let the worker's user read it.",
                    e);
        }
        String key = "models/" + Digests.hex(bytes) + "/" + HuggingFaceFiles.TOKENIZER;
        store.putIfAbsent(key, bytes);
        return key;
    }

    private ResolvedModel base(String uri, Progress progress) {
        if (!uri.startsWith("file:")) {
            throw new TanrenException(
                    ErrorCode.PLAN_NOT_YET_SUPPORTED,
                    "base models are read from file: URIs alone",
                    uri,
                    "Copy the model's directory to the worker and name it by a file: URI.");
        }
        Path folder = roots.resolve(uri);
        SortedMap<String, Path> files = new HuggingFaceFiles(roots).find(folder);
        HuggingFaceConfiguration configuration = configuration(files);
        SortedMap<String, String> hashes = new TreeMap<>();
        files.forEach((name, file) -> hashes.put(name, Digests.hex(file, progress)));
        String prefix = "models/" + contentHash(hashes) + "/";
        if (store.find(prefix + HuggingFaceFiles.CONFIGURATION).isEmpty()) {
            upload(files, hashes, prefix, progress);
        }
        String tokenizerKey =
                files.containsKey(HuggingFaceFiles.TOKENIZER)
                        ? prefix + HuggingFaceFiles.TOKENIZER
                        : "";
        return new ResolvedModel(configuration.architecture(), tokenizerKey, prefix);
    }

    private static HuggingFaceConfiguration configuration(Map<String, Path> files) {
        Path file = java.util.Objects.requireNonNull(files.get(HuggingFaceFiles.CONFIGURATION));
        try {
            return HuggingFaceConfiguration.read(Files.readString(file), file.toString());
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.MODEL_CONFIGURATION,
                    "the configuration cannot be read: " + e,
                    file.toString(),
                    "Let the worker's user read it.",
                    e);
        }
    }

    private static String contentHash(SortedMap<String, String> hashes) {
        StringBuilder lines = new StringBuilder("tanren model 1\n");
        hashes.forEach((name, hash) -> lines.append(name).append(' ').append(hash).append('\n'));
        return Digests.hex(lines.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void upload(
            SortedMap<String, Path> files,
            SortedMap<String, String> hashes,
            String prefix,
            Progress progress) {
        List<String> configurationLast = new ArrayList<>(files.keySet());
        configurationLast.remove(HuggingFaceFiles.CONFIGURATION);
        configurationLast.add(HuggingFaceFiles.CONFIGURATION);
        long done = 0;
        for (String name : configurationLast) {
            Path file = java.util.Objects.requireNonNull(files.get(name));
            progress.at("storing", ++done);
            ObjectStore.StoredObject stored = store.put(prefix + name, file);
            if (!stored.sha256().equals(hashes.get(name))) {
                store.delete(prefix + name);
                throw new TanrenException(
                        ErrorCode.SOURCE_UNREADABLE,
                        "the file changed while it was read",
                        file.toString(),
                        "Run again when nothing writes to it.");
            }
        }
    }
}
