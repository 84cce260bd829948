package dev.tanren.activities.model;

import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.SourceFolder;
import dev.tanren.activities.source.Sources;
import dev.tanren.spec.model.EndTokens;
import dev.tanren.spec.model.HuggingFaceConfiguration;
import dev.tanren.spec.model.TokenizerVocabulary;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.ModelSource;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.validation.ModelFit;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.weights.StoredModelFolder;
import dev.tanren.workflows.activity.ModelActivities.ResolvedModel;
import java.nio.file.Path;
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
                        tokenizer == null
                                ? ""
                                : tokenizer(tokenizer, fresh.architecture(), progress),
                        null,
                        null);
            }
            case ModelSource.Base base -> base(base.uri(), plan, progress);
        };
    }

    /// The tokenizer lies alone under the hash of its bytes; with files beside it, under that of
    /// all of them.
    private String tokenizer(String uri, Architecture architecture, Progress progress) {
        HuggingFaceFiles files =
                HuggingFaceFiles.ofTokenizer(
                        sources.file(uri, HuggingFaceFiles.TOKENIZER), sources.folderOfFile(uri));
        requireTokens(files, architecture);
        SortedMap<String, SourceContent> found = files.files();
        SortedMap<String, String> hashes = new TreeMap<>();
        found.forEach((name, file) -> hashes.put(name, file.sha256(progress)));
        String hash =
                hashes.size() == 1
                        ? Objects.requireNonNull(hashes.get(HuggingFaceFiles.TOKENIZER))
                        : contentHash(hashes);
        String prefix = "models/" + hash + "/";
        // Whoever finds the tokenizer finds what lies beside it.
        hashes.keySet().stream()
                .filter(name -> !name.equals(HuggingFaceFiles.TOKENIZER))
                .forEach(name -> store.putIfAbsent(prefix + name, files.read(name)));
        store.putIfAbsent(
                prefix + HuggingFaceFiles.TOKENIZER, files.read(HuggingFaceFiles.TOKENIZER));
        return prefix + HuggingFaceFiles.TOKENIZER;
    }

    /// Looks at what the files say of the tokens.
    ///
    /// @throws TanrenException `TOKENIZER_MISMATCH` where the tokenizer has tokens that the model
    ///     does not know, `TOKENIZER_UNREADABLE`, `MODEL_CONFIGURATION`
    private static void requireTokens(HuggingFaceFiles files, Architecture architecture) {
        SourceContent file = files.files().get(HuggingFaceFiles.TOKENIZER);
        TokenizerVocabulary tokenizer = null;
        if (file != null) {
            tokenizer =
                    TokenizerVocabulary.read(files.read(HuggingFaceFiles.TOKENIZER), file.where());
            tokenizer.requireWithin(architecture.vocabSize(), file.where());
        }
        EndTokens.read(tokenizer, files, architecture.vocabSize());
    }

    private ResolvedModel base(String uri, Plan plan, Progress progress) {
        SourceFolder folder = folder(uri);
        HuggingFaceFiles found = HuggingFaceFiles.find(folder);
        SortedMap<String, SourceContent> files = found.files();
        HuggingFaceConfiguration configuration = configuration(found);
        ModelFit.require(plan, configuration.architecture());
        requireTokens(found, configuration.architecture());
        SortedMap<String, String> hashes = new TreeMap<>();
        files.forEach((name, file) -> hashes.put(name, file.sha256(progress)));
        String prefix = "models/" + contentHash(hashes) + "/";
        if (store.find(prefix + HuggingFaceFiles.CONFIGURATION).isEmpty()) {
            new ModelUpload(store, transfer, files, hashes, prefix)
                    .run(configuration.architecture(), folder.where(), progress);
        }
        String tokenizerKey =
                files.containsKey(HuggingFaceFiles.TOKENIZER)
                        ? prefix + HuggingFaceFiles.TOKENIZER
                        : "";
        return new ResolvedModel(
                store.find(prefix + ModelUpload.OWN_HEAD).isPresent()
                        ? configuration.architecture().untied()
                        : configuration.architecture(),
                tokenizerKey,
                prefix,
                folder.commit().orElse(null));
    }

    /// What ends the texts of a model that was resolved.
    public EndTokens endTokens(ResolvedModel model) {
        String prefix = model.importedPrefix();
        StoredModelFolder folder =
                prefix == null
                        ? StoredModelFolder.ofTokenizer(store, model.tokenizerKey())
                        : new StoredModelFolder(store, prefix);
        TokenizerVocabulary tokenizer =
                model.tokenizerKey().isEmpty()
                        ? null
                        : TokenizerVocabulary.read(
                                store.get(model.tokenizerKey()), model.tokenizerKey());
        return EndTokens.read(tokenizer, folder, model.architecture().vocabSize());
    }

    private SourceFolder folder(String uri) {
        return EarlierRun.parse(uri)
                .map(run -> run.published(store))
                .orElseGet(() -> sources.folder(uri));
    }

    private static HuggingFaceConfiguration configuration(HuggingFaceFiles files) {
        return HuggingFaceConfiguration.read(
                files.read(HuggingFaceFiles.CONFIGURATION),
                files.where(HuggingFaceFiles.CONFIGURATION));
    }

    private static String contentHash(SortedMap<String, String> hashes) {
        StringBuilder lines = new StringBuilder("tanren model 1\n");
        hashes.forEach((name, hash) -> lines.append(name).append(' ').append(hash).append('\n'));
        return Sha256.of(lines.toString());
    }
}
