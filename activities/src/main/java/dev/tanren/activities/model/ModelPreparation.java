package dev.tanren.activities.model;

import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.SourceFolder;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.model.EndTokens;
import dev.tanren.plan.model.HuggingFaceConfiguration;
import dev.tanren.plan.model.TokenizerVocabulary;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.validation.ModelFit;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.prepared.PreparedObjects;
import dev.tanren.storage.weights.StoredModelFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
    private final PreparedObjects objects;
    private final Sources sources;
    private final Path scratch;
    private final Transfer transfer;

    /// @param scratch folder for files that go again with each call
    public ModelPreparation(ObjectStore store, Sources sources, Path scratch) {
        this.store = store;
        this.objects = new PreparedObjects(store);
        this.sources = sources;
        this.scratch = scratch;
        this.transfer = new Transfer(store, scratch);
    }

    /// The same for one plan, which reads what that plan may.
    public ModelPreparation of(Plan plan) {
        return new ModelPreparation(store, sources.of(plan), scratch);
    }

    /// @throws TanrenException `MODEL_MISSING`, `MODEL_UNSUPPORTED`, `MODEL_CONFIGURATION`,
    ///     `PICKLE_REFUSED`, `SAFETENSORS_CORRUPT`, `MODEL_TENSOR_MISMATCH`, `MODEL_NOT_FINITE`,
    ///     `TOKENIZER_MISMATCH`, `TOKENIZER_UNREADABLE`, `SOURCE_MISSING`, `SOURCE_UNREADABLE`,
    ///     `SCRATCH_FULL`, those of [dev.tanren.activities.hub.Hub]; `PLAN_INCONSISTENT` where a
    ///     phase has longer sequences than the base model has positions; and what the store throws
    public TrainedOn.Model resolve(Plan plan, Progress progress) {
        return switch (plan.model()) {
            case ModelSource.Fresh fresh -> {
                String uri = fresh.tokenizer();
                yield new TrainedOn.Model(
                        fresh.architecture(),
                        uri == null ? null : put(tokenizer(uri, fresh.architecture())),
                        null);
            }
            case ModelSource.Base base -> put(base(base.uri(), plan, progress), progress);
        };
    }

    /// A tokenizer that was read and fits, with the files beside it, and where they belong.
    record FoundTokenizer(HuggingFaceFiles files, TrainedOn.Tokenizer tokenizer) {}

    /// The tokenizer lies alone under the hash of its bytes; with files beside it, under that of
    /// all of them.
    FoundTokenizer tokenizer(String uri, Architecture architecture) {
        HuggingFaceFiles files = tokenizerFiles(uri);
        SortedMap<String, String> modified = new TreeMap<>();
        files.files().forEach((name, file) -> modified.put(name, file.modified()));
        requireTokens(files, architecture);
        List<TrainedOn.File> read = new ArrayList<>();
        modified.forEach(
                (name, time) -> {
                    byte[] bytes = files.read(name);
                    read.add(new TrainedOn.File(name, bytes.length, time, Sha256.of(bytes)));
                });
        String hash = read.size() == 1 ? read.getFirst().sha256() : contentHash(read);
        String key = "models/" + hash + "/" + HuggingFaceFiles.TOKENIZER;
        return new FoundTokenizer(files, new TrainedOn.Tokenizer(key, hash, read));
    }

    HuggingFaceFiles tokenizerFiles(String uri) {
        return HuggingFaceFiles.ofTokenizer(
                sources.file(uri, HuggingFaceFiles.TOKENIZER), sources.folderOfFile(uri));
    }

    TrainedOn.Tokenizer put(FoundTokenizer found) {
        HuggingFaceFiles files = found.files();
        String prefix = "models/" + found.tokenizer().sha256() + "/";
        // Whoever finds the tokenizer finds what lies beside it.
        files.files().keySet().stream()
                .filter(name -> !name.equals(HuggingFaceFiles.TOKENIZER))
                .forEach(name -> store.putIfAbsent(prefix + name, files.read(name)));
        store.putIfAbsent(found.tokenizer().key(), files.read(HuggingFaceFiles.TOKENIZER));
        return found.tokenizer();
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

    /// A base whose files were hashed, and where they belong.
    ///
    /// @param where what errors call its folder
    /// @param architecture by its configuration
    record FoundBase(
            String where,
            SortedMap<String, SourceContent> files,
            Architecture architecture,
            TrainedOn.Base base) {

        SortedMap<String, String> hashes() {
            SortedMap<String, String> hashes = new TreeMap<>();
            base.files().forEach(file -> hashes.put(file.name(), file.sha256()));
            return hashes;
        }
    }

    FoundBase base(String uri, Plan plan, Progress progress) {
        SourceFolder folder = folder(uri);
        HuggingFaceFiles found = HuggingFaceFiles.find(folder);
        Architecture architecture = configuration(found).architecture();
        ModelFit.require(plan, architecture);
        requireTokens(found, architecture);
        List<TrainedOn.File> hashed = hashed(found, progress);
        String sha256 = contentHash(hashed);
        return new FoundBase(
                folder.where(),
                found.files(),
                architecture,
                new TrainedOn.Base(
                        uri,
                        "models/" + sha256 + "/",
                        folder.commit().orElse(null),
                        sha256,
                        hashed));
    }

    TrainedOn.Model put(FoundBase found, Progress progress) {
        TrainedOn.Base base = found.base();
        SortedMap<String, String> hashes = found.hashes();
        if (!objects.has(base)) {
            new ModelUpload(store, transfer, found.files(), hashes, base.prefix())
                    .run(found.architecture(), found.where(), progress);
        }
        String tokenizer = hashes.get(HuggingFaceFiles.TOKENIZER);
        return new TrainedOn.Model(
                store.find(base.prefix() + ModelUpload.OWN_HEAD).isPresent()
                        ? found.architecture().untied()
                        : found.architecture(),
                tokenizer == null
                        ? null
                        : new TrainedOn.Tokenizer(
                                base.prefix() + HuggingFaceFiles.TOKENIZER, tokenizer),
                base);
    }

    /// What ends the texts of a model that was resolved.
    public EndTokens endTokens(TrainedOn.Model model) {
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

    SourceFolder folder(String uri) {
        return EarlierRun.parse(uri)
                .map(run -> run.published(store))
                .orElseGet(() -> sources.folder(uri));
    }

    private static HuggingFaceConfiguration configuration(HuggingFaceFiles files) {
        return HuggingFaceConfiguration.read(
                files.read(HuggingFaceFiles.CONFIGURATION),
                files.where(HuggingFaceFiles.CONFIGURATION));
    }

    private static List<TrainedOn.File> hashed(HuggingFaceFiles found, Progress progress) {
        List<TrainedOn.File> hashed = new ArrayList<>();
        found.files()
                .forEach(
                        (name, file) -> {
                            // Asked first: what changes while it is read shows in the time.
                            String modified = file.modified();
                            String sha256 = file.sha256(progress);
                            found.requireRead(name, sha256);
                            hashed.add(new TrainedOn.File(name, file.bytes(), modified, sha256));
                        });
        return hashed;
    }

    private static String contentHash(List<TrainedOn.File> files) {
        StringBuilder lines = new StringBuilder("tanren model 1\n");
        files.forEach(
                file -> lines.append(file.name()).append(' ').append(file.sha256()).append('\n'));
        return Sha256.of(lines.toString());
    }
}
