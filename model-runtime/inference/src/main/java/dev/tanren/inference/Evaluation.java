package dev.tanren.inference;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.tanren.launch.EvaluateLaunch;
import dev.tanren.launch.Report;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.EndTokens;
import dev.tanren.plan.model.LocalModelFolder;
import dev.tanren.plan.model.ModelFiles;
import dev.tanren.plan.model.TokenizerVocabulary;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.tokens.Documents;
import dev.tanren.storage.tokens.PackedBlocks;
import dev.tanren.storage.tokens.TokenDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/// What an evaluation process does: fetches the bundle, measures it on every dataset's held-out
/// blocks, lets it go on from the start of a held-out document, and reports both.
public final class Evaluation {

    /// Enough heat that a small model does not repeat itself, and always the same sample.
    private static final Sampler SAMPLER = new Sampler(0.7, 40, 0);

    private static final Map<String, String> NO_SAMPLE = Map.of("prompt", "", "sample", "");

    /// What tokenizers decode bytes to that are no whole character.
    private static final String PART_OF_A_CHARACTER = "\uFFFD";

    private final EvaluateLaunch launch;
    private final ObjectStore store;
    private final Consumer<Report> reports;

    public Evaluation(EvaluateLaunch launch, ObjectStore store, Consumer<Report> reports) {
        this.launch = launch;
        this.store = store;
        this.reports = reports;
    }

    /// Datasets that hold nothing out are left out.
    ///
    /// @throws TanrenException of the data or storage class; `DATASET_TOO_SMALL` where none holds
    ///     anything out
    public void run() {
        Path bundle = fetchBundle();
        try (LanguageModel model = LanguageModel.load(bundle)) {
            Map<String, Report.Evaluation> measured = new TreeMap<>();
            launch.datasets()
                    .forEach(
                            (name, key) ->
                                    measure(model, key)
                                            .ifPresent(found -> measured.put(name, found)));
            if (measured.isEmpty()) {
                throw new TanrenException(
                        ErrorCode.DATASET_TOO_SMALL,
                        "no dataset holds anything out to measure",
                        "datasets " + String.join(", ", launch.datasets().keySet()),
                        "Set a holdout above 0, or give them more documents.");
            }
            reports.accept(new Report.Evaluated(0, 0, measured));
            reports.accept(new Report.Finished(0, 0, sample(model, bundle)));
        }
    }

    private Path fetchBundle() {
        var objects = store.list(launch.bundlePrefix());
        if (objects.isEmpty()) {
            throw new TanrenException(
                    ErrorCode.MODEL_MISSING,
                    "no DJL bundle is there",
                    launch.bundlePrefix(),
                    "Export the stage with the format djl before it is evaluated.");
        }
        Path bundle = Path.of(launch.scratch()).resolve("bundle");
        for (ObjectStore.StoredObject object : objects) {
            String name = object.key().substring(launch.bundlePrefix().length());
            Path file = bundle.resolve(name).normalize();
            if (!file.startsWith(bundle)) {
                throw new TanrenException(
                        ErrorCode.MODEL_UNSUPPORTED,
                        "the bundle names a file outside itself",
                        object.key(),
                        "Remove the object.");
            }
            try {
                Files.createDirectories(file.resolveSibling("."));
            } catch (IOException e) {
                throw scratch(file, e);
            }
            store.download(object.key(), file);
        }
        return bundle;
    }

    private Optional<Report.Evaluation> measure(LanguageModel model, String manifestKey) {
        TokenDataset dataset = TokenDataset.open(store, manifestKey, Path.of(launch.cache()));
        PackedBlocks blocks = dataset.heldOutBlocks(launch.sequenceLength());
        return blocks.count() == 0
                ? Optional.empty()
                : Optional.of(
                        Perplexity.measure(
                                model, blocks, launch.blocks(), dataset.manifest().vocabSize()));
    }

    /// `prompt`, the start of a held-out document, and `sample`, what the model makes of it; both
    /// empty where there is no tokenizer or no such document, or nothing is asked for.
    private Map<String, String> sample(LanguageModel model, Path bundle) {
        Path file = bundle.resolve(ModelFiles.TOKENIZER);
        if (!Files.isRegularFile(file) || launch.sampleTokens() <= 0) {
            return NO_SAMPLE;
        }
        try (HuggingFaceTokenizer tokenizer =
                HuggingFaceTokenizer.newInstance(
                        file, Map.of("truncation", "false", "padding", "false"))) {
            int[] prompt = prompt(tokenizer);
            if (prompt.length == 0) {
                return NO_SAMPLE;
            }
            int[] sample =
                    SAMPLER.generate(
                            model,
                            prompt,
                            launch.sampleTokens(),
                            launch.sequenceLength(),
                            Set.copyOf(ends(bundle).generated()));
            return Map.of("prompt", text(tokenizer, prompt), "sample", text(tokenizer, sample));
        } catch (IOException e) {
            throw scratch(file, e);
        }
    }

    /// The first half at most of the first held-out document of the first dataset that has one, so
    /// that the sample can be held against the text it goes on from. Ends with a whole character.
    private int[] prompt(HuggingFaceTokenizer tokenizer) {
        for (String manifestKey : launch.datasets().values()) {
            Documents documents =
                    TokenDataset.open(store, manifestKey, Path.of(launch.cache())).heldOut();
            for (int document = 0; document < documents.count(); document++) {
                int[] start =
                        new int[Math.min(launch.promptTokens(), documents.length(document) / 2)];
                documents.copy(document, 0, start.length, start, 0);
                while (start.length > 0 && text(tokenizer, start).endsWith(PART_OF_A_CHARACTER)) {
                    start = Arrays.copyOf(start, start.length - 1);
                }
                if (start.length > 0) {
                    return start;
                }
            }
        }
        return new int[0];
    }

    private static String text(HuggingFaceTokenizer tokenizer, int[] ids) {
        return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray());
    }

    /// By the bundle's own files; an id that the model does not have ends nothing.
    private static EndTokens ends(Path bundle) {
        LocalModelFolder folder = new LocalModelFolder(bundle);
        String tokenizer = ModelFiles.TOKENIZER;
        return EndTokens.read(
                TokenizerVocabulary.read(folder.read(tokenizer), folder.where(tokenizer)),
                folder,
                Integer.MAX_VALUE);
    }

    private static TanrenException scratch(Path file, IOException e) {
        return new TanrenException(
                ErrorCode.SCRATCH_FULL,
                "the bundle cannot be kept on scratch disk: " + e,
                file.toString(),
                "Free space there.",
                e);
    }
}
