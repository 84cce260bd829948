package dev.tanren.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.tanren.launch.EvaluateLaunch;
import dev.tanren.launch.Report;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.testing.MemoryObjectStore;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.TokenShardWriter;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against a TorchScript model and the figures that Python's PyTorch gave for it.
class EvaluationTest {

    @TempDir private Path folder;

    private final MemoryObjectStore store = new MemoryObjectStore();

    @BeforeEach
    void aBundleAndADatasetAreStored() throws IOException {
        for (String file : List.of("model.pt", "tokenizer.json")) {
            store.put("bundle/" + file, resource(file));
        }
        TokenShardWriter writer = new TokenShardWriter(2);
        writer.add(new int[] {10, 20, 30, 40, 50}, 0, 5);
        writer.add(new int[] {11, 21, 31}, 0, 3);
        storeDataset("held", writer);
        storeDataset("none", new TokenShardWriter(2));
    }

    @Test
    void theLossIsPyTorchsForPackedDocuments() throws IOException {
        List<Report> reports = new ArrayList<>();

        new Evaluation(launch("held", 0), store, reports::add).run();

        double expected =
                Json.mapper().readTree(resource("expected.json")).get("loss").doubleValue();
        Report.Evaluation measured = ((Report.Evaluated) reports.getFirst()).datasets().get("held");
        assertThat(measured).isNotNull();
        assertThat(measured.loss()).isCloseTo(expected, within(1e-6));
        assertThat(measured.perplexity()).isCloseTo(Math.exp(expected), within(1e-3));
        assertThat(measured.tokens()).isEqualTo(6);
        assertThat(((Report.Finished) reports.getLast()).results())
                .containsEntry("prompt", "")
                .containsEntry("sample", "");
    }

    @Test
    void aSampleGoesOnFromTheStartOfAHeldOutDocumentAndIsTheSameEveryTime() {
        List<Report> reports = new ArrayList<>();

        new Evaluation(launch("held", 12), store, reports::add).run();
        new Evaluation(launch("held", 12), store, reports::add).run();

        List<Map<String, String>> results =
                reports.stream()
                        .filter(Report.Finished.class::isInstance)
                        .map(report -> ((Report.Finished) report).results())
                        .toList();
        assertThat(results).hasSize(2);
        assertThat(results.getFirst()).containsEntry("prompt", "+5").isEqualTo(results.getLast());
        assertThat(results.getFirst().get("sample")).isNotEmpty();
    }

    @Test
    void anotherDocumentGivesAnotherSample() throws IOException {
        storeDataset("other", documents("Java is an island.", "never reached"));

        assertThat(results("other"))
                .containsEntry("prompt", "Java is a")
                .doesNotContainEntry("sample", results("held").get("sample"));
    }

    @Test
    void aPromptIsShortAndEndsWithAWholeCharacter() throws IOException {
        storeDataset("accents", documents("x", "aéé"));
        storeDataset("long", documents("abcdefghijklmnopqrstuvwxyz".repeat(3)));

        assertThat(results("accents")).containsEntry("prompt", "a");
        assertThat(results("long")).containsEntry("prompt", "abcdefghijklmnop");
    }

    @Test
    void aSampleStopsAtTheEndThatTheBundleDeclares() throws IOException {
        int first;
        try (LanguageModel model = LanguageModel.load(bundle())) {
            Sampler sampler = new Sampler(0.7, 40, 0);
            first = sampler.generate(model, new int[] {10, 20}, 1, 10, Set.of())[0];
        }
        assertThat(results("held").get("sample")).isNotEmpty();

        store.put(
                "bundle/generation_config.json",
                ("{\"eos_token_id\": [300, " + first + "]}").getBytes(StandardCharsets.UTF_8));

        assertThat(results("held")).containsEntry("prompt", "+5").containsEntry("sample", "");
    }

    private Map<String, String> results(String dataset) {
        List<Report> reports = new ArrayList<>();
        new Evaluation(launch(dataset, 12), store, reports::add).run();
        return ((Report.Finished) reports.getLast()).results();
    }

    private static TokenShardWriter documents(String... texts) throws IOException {
        TokenShardWriter writer = new TokenShardWriter(2);
        try (var json = new ByteArrayInputStream(resource("tokenizer.json"));
                HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(json, null)) {
            for (String text : texts) {
                long[] ids = tokenizer.encode(text, false, false).getIds();
                writer.add(Arrays.stream(ids).mapToInt(Math::toIntExact).toArray(), 0, ids.length);
            }
        }
        return writer;
    }

    @Test
    void withoutHeatTheLikeliestTokenIsTakenEachTime() throws IOException {
        try (LanguageModel model = LanguageModel.load(bundle())) {
            int[] ids =
                    new Sampler(0, 1, 0).generate(model, new int[] {10, 20, 30}, 8, 64, Set.of());

            int[] expected =
                    Json.mapper()
                            .treeToValue(
                                    Json.mapper()
                                            .readTree(resource("expected.json"))
                                            .get("greedyAfter_10_20_30"),
                                    int[].class);
            assertThat(ids).isEqualTo(expected);
        }
    }

    @Test
    void aDatasetWithNothingHeldOutIsLeftOut() throws IOException {
        List<Report> reports = new ArrayList<>();

        new Evaluation(launch(List.of("held", "none"), 0), store, reports::add).run();

        assertThat(((Report.Evaluated) reports.getFirst()).datasets()).containsOnlyKeys("held");
    }

    @Test
    void whereNoDatasetHoldsAnythingOutThatIsRefusedByName() {
        Evaluation evaluation = new Evaluation(launch("none", 0), store, report -> {});

        assertThatThrownBy(evaluation::run)
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.DATASET_TOO_SMALL);
                            assertThat(e.where()).contains("none");
                        });
    }

    @Test
    void whatIsNoTorchScriptIsRefused() throws IOException {
        Files.writeString(folder.resolve("model.pt"), "not a model");

        assertCode(ErrorCode.MODEL_UNSUPPORTED, () -> LanguageModel.load(folder));
        assertCode(ErrorCode.MODEL_MISSING, () -> LanguageModel.load(folder.resolve("nothing")));
    }

    private static void assertCode(
            ErrorCode code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TanrenException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    private Path bundle() throws IOException {
        Path bundle = Files.createDirectories(folder.resolve("plain"));
        Files.write(bundle.resolve("model.pt"), resource("model.pt"));
        return bundle;
    }

    private EvaluateLaunch launch(String dataset, int sampleTokens) {
        return launch(List.of(dataset), sampleTokens);
    }

    private EvaluateLaunch launch(List<String> datasets, int sampleTokens) {
        return new EvaluateLaunch(
                "run",
                "gate",
                "unused",
                folder.resolve("scratch").toString(),
                folder.resolve("cache").toString(),
                new StoreAddress("http://127.0.0.1:1", "us-east-1", "unused", "", true),
                "bundle/",
                datasets.stream()
                        .collect(
                                Collectors.toMap(
                                        Function.identity(), name -> name + "/manifest.json")),
                4,
                10,
                16,
                sampleTokens,
                1);
    }

    private void storeDataset(String name, TokenShardWriter writer) throws IOException {
        List<DatasetManifest.Shard> shards = List.of();
        if (writer.documents() > 0) {
            Path file = folder.resolve(name);
            TokenShardWriter.Written written = writer.write(file);
            String key = name + "/heldout-00000.tokens";
            store.put(key, file);
            shards =
                    List.of(
                            new DatasetManifest.Shard(
                                    key,
                                    "gold",
                                    written.documents(),
                                    written.tokens(),
                                    written.bytes(),
                                    written.sha256()));
        }
        DatasetManifest manifest =
                new DatasetManifest(
                        DatasetManifest.VERSION,
                        name,
                        "hash",
                        257,
                        true,
                        List.of(),
                        shards,
                        DatasetManifest.Statistics.of(2, 8));
        store.put(name + "/manifest.json", Json.write(manifest).getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] resource(String name) throws IOException {
        try (var in = EvaluationTest.class.getResourceAsStream("/bundle/" + name)) {
            assertThat(in).isNotNull();
            return in == null ? new byte[0] : in.readAllBytes();
        }
    }
}
