package dev.tanren.activities.dataset;

import dev.tanren.activities.dataset.internal.ContentHash;
import dev.tanren.activities.dataset.internal.DocumentSet;
import dev.tanren.activities.dataset.internal.ShardTarget;
import dev.tanren.activities.dataset.internal.SourceFile;
import dev.tanren.activities.dataset.internal.SourceFiles;
import dev.tanren.activities.dataset.internal.StreamSet;
import dev.tanren.activities.dataset.internal.TextTokenizer;
import dev.tanren.activities.source.Progress;
import dev.tanren.activities.source.SourceListing;
import dev.tanren.activities.source.Sources;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.model.EndTokens;
import dev.tanren.plan.model.TokenizerVocabulary;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.prepared.PreparedObjects;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.TokenDataset;
import dev.tanren.storage.weights.StoredModelFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// Makes a dataset of a plan into token shards in the object store.
///
/// The same sources, tokenizer and settings give the same objects under the same content hash, and
/// are prepared once. The sources are read and hashed every time, so a changed file is never
/// missed; what is then made into tokens are the bytes that were hashed, or nothing. The manifest
/// is written last: a dataset is whole or not there. Safe for use by many threads.
public final class DatasetPreparation {

    private final ObjectStore store;
    private final PreparedObjects objects;
    private final Sources sources;
    private final Path scratch;
    private final int threads;

    /// @param scratch folder for files that go again with each call
    /// @param threads that tokenise
    public DatasetPreparation(ObjectStore store, Sources sources, Path scratch, int threads) {
        this.store = store;
        this.objects = new PreparedObjects(store);
        this.sources = sources;
        this.scratch = scratch;
        this.threads = threads;
    }

    /// The same for the datasets of one plan, which may read what that plan may.
    public DatasetPreparation of(Plan plan) {
        return new DatasetPreparation(store, sources.of(plan), scratch, threads);
    }

    /// Prepares a dataset.
    ///
    /// @throws TanrenException `SOURCE_MISSING`, `SOURCE_UNREADABLE`, `SOURCE_EMPTY`,
    ///     `TOKENIZER_UNREADABLE`, `TOKENIZER_MISMATCH`, `SCRATCH_FULL` and what the store throws
    public Prepared prepare(Request request, Progress progress) {
        return prepare(request, null, progress);
    }

    /// Prepares a dataset anew where its sources still give the content that is wanted; otherwise
    /// nothing is written.
    ///
    /// @param wanted content hash; null for any
    /// @throws TanrenException also `PREPARED_GONE`
    Prepared prepare(Request request, @Nullable String wanted, Progress progress) {
        List<SourceFile> files = new SourceFiles(sources).find(request.dataset().sources());
        boolean tokens = readyTokens(request.name(), files);
        String tokenizerSha256 = "";
        byte[] tokenizer = {};
        OptionalInt end = OptionalInt.empty();
        if (!tokens) {
            tokenizer = tokenizer(request);
            tokenizerSha256 = Sha256.of(tokenizer);
            end = endOfDocument(request, tokenizer);
        }
        Hashed hashed = hashed(files, progress);
        SourceListing listing = hashed.listing();
        files = hashed.files();
        String hash = ContentHash.of(request.dataset(), files, tokenizerSha256, end);
        if (wanted != null && !wanted.equals(hash)) {
            throw gone(request.name(), "its sources now give " + hash + ", not " + wanted);
        }
        String manifestKey = "datasets/" + hash + "/manifest.json";
        Optional<DatasetManifest> before = objects.dataset(manifestKey);
        if (before.isPresent()) {
            return reused(request, manifestKey, before.get(), listing);
        }
        DatasetManifest manifest =
                tokens
                        ? fromTokens(request, files, hash, progress)
                        : fromDocuments(request, files, hash, tokenizer, end, progress);
        byte[] json = Json.write(manifest).getBytes(StandardCharsets.UTF_8);
        if (!store.putIfAbsent(manifestKey, json)) {
            return reused(request, manifestKey, TokenDataset.manifest(store, manifestKey), listing);
        }
        return new Prepared(manifestKey, manifest, false, listing);
    }

    /// The refusal of a dataset that is not in the store any more.
    static TanrenException gone(String dataset, String why) {
        return new TanrenException(
                ErrorCode.PREPARED_GONE,
                "what the run began with is no longer in the store, and cannot be prepared again: "
                        + why,
                "dataset " + dataset,
                "Put the sources back as they were when the run began, or submit the plan as a new"
                        + " run.");
    }

    private static boolean readyTokens(String name, List<SourceFile> files) {
        long tokens = files.stream().filter(DatasetPreparation::readyTokens).count();
        if (tokens != 0 && tokens != files.size()) {
            throw new TanrenException(
                    ErrorCode.PLAN_INCONSISTENT,
                    "its sources are partly text and partly ready tokens",
                    "dataset " + name,
                    "Make two datasets of them.");
        }
        return tokens != 0;
    }

    private static boolean readyTokens(SourceFile file) {
        return switch (file.format()) {
            case TOKENS_U16, TOKENS_U32 -> true;
            case AUTO, TEXT, JSONL -> false;
        };
    }

    private byte[] tokenizer(Request request) {
        if (request.tokenizerKey().isEmpty()) {
            throw new TanrenException(
                    ErrorCode.TOKENIZER_UNREADABLE,
                    "the dataset is text and the plan names no tokenizer",
                    "dataset " + request.name(),
                    "Give model.tokenizer in the plan.");
        }
        return store.get(request.tokenizerKey());
    }

    /// By what lies beside the tokenizer: the files of a base model, or the tokenizer's own.
    private OptionalInt endOfDocument(Request request, byte[] tokenizer) {
        EndTokens ends =
                EndTokens.read(
                        TokenizerVocabulary.read(tokenizer, request.tokenizerKey()),
                        StoredModelFolder.ofTokenizer(store, request.tokenizerKey()),
                        request.vocabSize());
        return ends.ofDocuments().map(end -> OptionalInt.of(end.id())).orElse(OptionalInt.empty());
    }

    /// @param files with their hashes, and their formats where those were left to be found
    private record Hashed(List<SourceFile> files, SourceListing listing) {}

    private static Hashed hashed(List<SourceFile> files, Progress progress) {
        List<SourceFile> hashed = new ArrayList<>(files.size());
        List<TrainedOn.File> listing = new ArrayList<>(files.size());
        long[] before = {0};
        for (SourceFile file : files) {
            // Asked first: what changes while it is read shows in the time.
            String modified = file.content().modified();
            SourceFile read =
                    file.identified(
                            (what, done) -> progress.at(what, hashed.size(), before[0] + done));
            hashed.add(read);
            listing.add(new TrainedOn.File(file.where(), file.bytes(), modified, read.sha256()));
            before[0] += file.bytes();
            progress.at("reading", hashed.size(), before[0]);
        }
        return new Hashed(hashed, new SourceListing(listing));
    }

    private static Prepared reused(
            Request request, String manifestKey, DatasetManifest manifest, SourceListing listing) {
        checkVocabulary(manifest.vocabSize(), request);
        return new Prepared(manifestKey, manifest, true, listing);
    }

    private DatasetManifest fromDocuments(
            Request request,
            List<SourceFile> files,
            String hash,
            byte[] tokenizerJson,
            OptionalInt end,
            Progress progress) {
        try (TextTokenizer tokenizer =
                TextTokenizer.of(
                        tokenizerJson,
                        request.tokenizerKey(),
                        end,
                        request.dataset().specialTokens())) {
            checkVocabulary(tokenizer.vocabSize(), request);
            return inScratch(
                    folder ->
                            new DocumentSet(new ShardTarget(store, folder, hash, progress), threads)
                                    .prepare(request.name(), request.dataset(), files, tokenizer));
        }
    }

    private DatasetManifest fromTokens(
            Request request, List<SourceFile> files, String hash, Progress progress) {
        return inScratch(
                folder ->
                        new StreamSet(new ShardTarget(store, folder, hash, progress))
                                .prepare(
                                        request.name(),
                                        request.dataset(),
                                        files,
                                        request.vocabSize()));
    }

    private static void checkVocabulary(int vocabSize, Request request) {
        if (vocabSize > request.vocabSize()) {
            throw new TanrenException(
                    ErrorCode.TOKENIZER_MISMATCH,
                    "the tokenizer has "
                            + vocabSize
                            + " tokens, the model's vocabulary "
                            + request.vocabSize(),
                    "dataset " + request.name(),
                    "Set the model's vocabSize to at least "
                            + vocabSize
                            + ", or name the tokenizer that belongs to the model.");
        }
    }

    private DatasetManifest inScratch(Work work) {
        Path folder;
        try {
            Files.createDirectories(scratch);
            folder = Files.createTempDirectory(scratch, "dataset-");
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "no folder can be made: " + e,
                    scratch.toString(),
                    "Name a scratch folder that the worker may write in TANREN_WORKER_SCRATCH.",
                    e);
        }
        try {
            return work.in(folder);
        } finally {
            remove(folder);
        }
    }

    private static void remove(Path folder) {
        try (var left = Files.list(folder)) {
            for (Path file : left.toList()) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            System.getLogger(DatasetPreparation.class.getName())
                    .log(System.Logger.Level.WARNING, "cannot remove " + folder, e);
        }
    }

    @FunctionalInterface
    private interface Work {
        DatasetManifest in(Path folder);
    }

    /// @param tokenizerKey object key of `tokenizer.json`, beside which lies what says of its
    ///     tokens; empty where all sources are ready tokens
    /// @param vocabSize of the model
    public record Request(String name, Dataset dataset, String tokenizerKey, int vocabSize) {}

    /// @param reused whether the same content was prepared before
    /// @param sources the files that it was made of
    public record Prepared(
            String manifestKey, DatasetManifest manifest, boolean reused, SourceListing sources) {}
}
