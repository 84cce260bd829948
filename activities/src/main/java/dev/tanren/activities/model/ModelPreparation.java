package dev.tanren.activities.model;

import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.SourceFolder;
import dev.tanren.activities.source.Sources;
import dev.tanren.spec.model.HuggingFaceConfiguration;
import dev.tanren.spec.model.TokenizerVocabulary;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.ModelSource;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.validation.ModelFit;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.workflows.activity.ModelActivities.ResolvedModel;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/// Brings a plan's tokenizer and base model into the object store, once for the same bytes.
///
/// Objects lie under `models/<content hash>/`; `config.json` comes last, so a model is whole or not
/// there. Before that all weights are looked through: a model that the trainer could not use is
/// refused here, naming file and tensor, and nothing of it stays in the store. `file:`, `s3:` and
/// `hf:` sources are read, and what earlier runs published. Of a model in a bucket or on the Hub,
/// one file at a time is on this machine's disk; no weights are kept in memory.
public final class ModelPreparation {

    private static final int MOST_TOKENIZER_BYTES = 64 << 20;
    private static final int MOST_CONFIGURATION_BYTES = 4 << 20;

    private final ObjectStore store;
    private final Sources sources;
    private final Transfer transfer;

    /// @param scratch folder for files that go again with each call
    public ModelPreparation(ObjectStore store, Sources sources, Path scratch) {
        this.store = store;
        this.sources = sources;
        this.transfer = new Transfer(store, scratch);
    }

    /// @throws TanrenException `MODEL_MISSING`, `MODEL_UNSUPPORTED`, `MODEL_CONFIGURATION`,
    ///     `PICKLE_REFUSED`, `SAFETENSORS_CORRUPT`, `MODEL_TENSOR_MISMATCH`, `MODEL_NOT_FINITE`,
    ///     `TOKENIZER_MISMATCH`, `TOKENIZER_UNREADABLE`, `SOURCE_MISSING`, `SOURCE_UNREADABLE`,
    ///     `SCRATCH_FULL`, those of [dev.tanren.activities.hub.Hub]; `PLAN_INCONSISTENT` where a
    ///     phase has longer sequences than the base model has positions; and what the store throws
    public ResolvedModel resolve(Plan plan, Progress progress) {
        return switch (plan.model()) {
            case ModelSource.Fresh fresh -> {
                String tokenizer = fresh.tokenizer();
                yield new ResolvedModel(
                        fresh.architecture(),
                        tokenizer == null ? "" : tokenizer(tokenizer, fresh.architecture()),
                        null,
                        null);
            }
            case ModelSource.Base base -> base(base.uri(), plan, progress);
        };
    }

    private String tokenizer(String uri, Architecture architecture) {
        SourceContent file = sources.file(uri, HuggingFaceFiles.TOKENIZER);
        byte[] bytes = fitting(file, architecture);
        String key = "models/" + Sha256.of(bytes) + "/" + HuggingFaceFiles.TOKENIZER;
        store.putIfAbsent(key, bytes);
        return key;
    }

    /// The tokenizer's bytes.
    ///
    /// @throws TanrenException `TOKENIZER_MISMATCH` where it has tokens that the model does not
    // know
    private static byte[] fitting(SourceContent tokenizer, Architecture architecture) {
        byte[] bytes = tokenizer.read(MOST_TOKENIZER_BYTES);
        TokenizerVocabulary.read(bytes, tokenizer.where())
                .requireWithin(architecture.vocabSize(), tokenizer.where());
        return bytes;
    }

    private ResolvedModel base(String uri, Plan plan, Progress progress) {
        SourceFolder folder = folder(uri);
        SortedMap<String, SourceContent> files = HuggingFaceFiles.find(folder);
        HuggingFaceConfiguration configuration = configuration(files);
        ModelFit.require(plan, configuration.architecture());
        SortedMap<String, String> hashes = new TreeMap<>();
        files.forEach((name, file) -> hashes.put(name, file.sha256(progress)));
        String prefix = "models/" + contentHash(hashes) + "/";
        if (store.find(prefix + HuggingFaceFiles.CONFIGURATION).isEmpty()) {
            SourceContent tokenizer = files.get(HuggingFaceFiles.TOKENIZER);
            if (tokenizer != null) {
                fitting(tokenizer, configuration.architecture());
            }
            new ModelUpload(store, transfer, files, hashes, prefix)
                    .run(configuration.architecture(), folder.where(), progress);
        }
        String tokenizerKey =
                files.containsKey(HuggingFaceFiles.TOKENIZER)
                        ? prefix + HuggingFaceFiles.TOKENIZER
                        : "";
        return new ResolvedModel(
                configuration.architecture(), tokenizerKey, prefix, folder.commit().orElse(null));
    }

    private SourceFolder folder(String uri) {
        return EarlierRun.parse(uri)
                .map(run -> run.published(store))
                .orElseGet(() -> sources.folder(uri));
    }

    private static HuggingFaceConfiguration configuration(Map<String, SourceContent> files) {
        SourceContent file = Objects.requireNonNull(files.get(HuggingFaceFiles.CONFIGURATION));
        byte[] json = file.read(MOST_CONFIGURATION_BYTES);
        return HuggingFaceConfiguration.read(json, file.where());
    }

    private static String contentHash(SortedMap<String, String> hashes) {
        StringBuilder lines = new StringBuilder("tanren model 1\n");
        hashes.forEach((name, hash) -> lines.append(name).append(' ').append(hash).append('\n'));
        return Sha256.of(lines.toString());
    }
}
