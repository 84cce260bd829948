package dev.tanren.activities.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.activities.dataset.DatasetPreparation;
import dev.tanren.activities.model.ModelPreparation;
import dev.tanren.activities.model.SmallModel;
import dev.tanren.activities.source.internal.BucketUri;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.HuggingFaceConfiguration;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.text.Printable;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.testing.EmbeddedS3;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Sources in buckets of a real S3 server.
class BucketSourcesTest {

    @TempDir private Path folder;
    private static final EmbeddedS3 S3 = EmbeddedS3.start();

    private final ObjectStore platform = S3.store("platform");
    private final S3ObjectStore corpora = wholeBucket("corpora");
    private final S3ObjectStore secret = wholeBucket("secret");
    private final SourceBuckets buckets = buckets("corpora, other");

    @AfterAll
    static void stopTheServer() {
        S3.close();
    }

    @BeforeEach
    void aSecret() {
        secret.put("key", bytes("secret"));
    }

    @AfterEach
    void emptyTheBuckets() {
        buckets.close();
        for (ObjectStore store : List.of(platform, corpora, secret)) {
            store.list("").forEach(object -> store.delete(object.key()));
            store.close();
        }
    }

    @Test
    void theSameTextIsPreparedOnceWhetherItLiesInAFolderOrInABucket() throws IOException {
        store("text/a.txt", "one");
        store("text/deep/er/b.txt", "two");
        store("text/deep/skipped.md", "x");
        store("text/.hidden/c.txt", "hidden");
        store("textual.txt", "beside");

        var fromBucket = prepare("s3://corpora/text", "**/*.txt");
        var fromFolder = prepare("file:" + folder.resolve("files/text"), "**/*.txt");

        assertThat(fromBucket.manifest().statistics().documents()).isEqualTo(2);
        assertThat(fromBucket.reused()).isFalse();
        assertThat(fromFolder.reused()).isTrue();
        assertThat(fromFolder.manifestKey()).isEqualTo(fromBucket.manifestKey());
        store("text/a.txt", "changed");
        assertThat(prepare("s3://corpora/text/", "**/*.txt").manifestKey())
                .isNotEqualTo(fromBucket.manifestKey());
    }

    @Test
    void aUriNamesAnObjectAFolderOrAWholeBucket() throws IOException {
        store("a.jsonl", "{\"text\": \"first\"}\n{\"text\": \"second\"}\n");
        assertThat(prepare("s3://corpora/a.jsonl", null).manifest().statistics().documents())
                .isEqualTo(2);
        store("b/c.jsonl", "{\"text\": \"third\"}\n");
        assertThat(prepare("s3://corpora", null).manifest().statistics().documents()).isEqualTo(3);
        platform.put("own.txt", bytes("in the platform's own bucket"));
        assertThat(
                        prepare("s3://platform/tanren/own.txt", null)
                                .manifest()
                                .statistics()
                                .documents())
                .isEqualTo(1);
    }

    @Test
    void aKeyThatIsNoPathIsRefusedByItsNameAndOtherOddOnesAreRead() {
        BucketUri folder = BucketUri.parse("s3://corpora/text").orElseThrow();
        for (String odd : List.of("a\nb", "a\\b", "a\u0007", "../a", "a//b", "./a", "a\0")) {
            assertThatThrownBy(() -> folder.relative("text/" + odd))
                    .isInstanceOfSatisfying(
                            TanrenException.class,
                            e -> {
                                assertThat(e.code()).isEqualTo(ErrorCode.SOURCE_UNREADABLE);
                                assertThat(e.where())
                                        .isEqualTo("s3://corpora/text/" + Printable.of(odd));
                            });
        }
        for (String odd : List.of(" a ", "ä…", "a b", "%2e%2e", "a..b")) {
            assertThat(folder.relative("text/" + odd)).hasToString(odd);
        }
    }

    @Test
    void anObjectOfSeveralRangesIsReadWhole() throws IOException {
        byte[] content = new byte[(33 << 20) + 7];
        new Random(5).nextBytes(content);
        Files.write(folder.resolve("large"), content);
        corpora.put("large", content);

        SourceContent stored = sources().files("s3://corpora/large", null).getFirst();
        SourceContent local = sources().files("file:" + folder.resolve("large"), null).getFirst();

        assertThat(stored.bytes()).isEqualTo(content.length);
        assertThat(stored.sha256(Progress.NONE)).isEqualTo(local.sha256(Progress.NONE));
        corpora.put("large", new byte[5]);
        assertCode(ErrorCode.OBJECT_CORRUPT, "large", () -> stored.sha256(Progress.NONE));
    }

    @Test
    void aModelIsImportedFromABucketAsFromAFolder() throws IOException {
        store("model/config.json", SmallModel.CONFIGURATION);
        store("model/tokenizer.json", "{}");
        Map<String, byte[]> shards = new HashMap<>(SmallModel.shards());
        byte[] second = Objects.requireNonNull(shards.remove("m-2.safetensors"));
        for (Map.Entry<String, byte[]> file : shards.entrySet()) {
            store("model/" + file.getKey(), file.getValue());
        }
        assertCode(
                ErrorCode.MODEL_MISSING,
                "s3://corpora/model/m-2.safetensors",
                () -> resolve("s3://corpora/model"));
        store("model/m-2.safetensors", second);

        TrainedOn.Model fromBucket = resolve("s3://corpora/model");

        assertThat(fromBucket.importedPrefix()).startsWith("models/");
        assertThat(platform.get(fromBucket.importedPrefix() + "m-2.safetensors")).isEqualTo(second);
        assertThat(platform.get(fromBucket.tokenizerKey())).isEqualTo(bytes("{}"));
        assertThat(resolve("file:" + folder.resolve("files/model")).importedPrefix())
                .isEqualTo(fromBucket.importedPrefix());
        try (var left = Files.list(folder.resolve("scratch"))) {
            assertThat(left).as("files left in scratch").isEmpty();
        }
    }

    @Test
    void whatAnEarlierRunPublishedIsABaseOnceItIsWhole() {
        String artifacts = "runs/r1/release/artifacts/";
        byte[] weights = SmallModel.weights(SmallModel.CONFIGURATION);
        platform.put(artifacts + "huggingface/config.json", bytes(SmallModel.CONFIGURATION));
        platform.put(artifacts + "huggingface/model.safetensors", weights);
        assertCode(ErrorCode.MODEL_MISSING, "release", () -> resolve("run:r1/release"));
        platform.put(artifacts + "manifest.json", bytes("{}"));

        TrainedOn.Model model = resolve("run:r1/release");

        assertThat(platform.get(model.importedPrefix() + "model.safetensors")).isEqualTo(weights);
        assertCode(ErrorCode.MODEL_MISSING, "run:r1/adapt", () -> resolve("run:r1/adapt"));
    }

    @Test
    void picklesInABucketAreRefused() throws IOException {
        store("model/config.json", SmallModel.CONFIGURATION);
        store("model/pytorch_model.bin", "pickle");

        assertCode(
                ErrorCode.PICKLE_REFUSED, "pytorch_model.bin", () -> resolve("s3://corpora/model"));
    }

    @Test
    void aTokenizerIsTakenFromAnObjectOrItsFolder() throws IOException {
        store("model/tokenizer.json", "{\"a\": 1}");

        String named = tokenizer("s3://corpora/model/tokenizer.json");

        assertThat(platform.get(named)).isEqualTo(bytes("{\"a\": 1}"));
        assertThat(tokenizer("s3://corpora/model")).isEqualTo(named);
        assertThat(tokenizer("file:" + folder.resolve("files/model"))).isEqualTo(named);
    }

    @Test
    void otherBucketsAreRefusedWhateverTheKeysOfTheWorkerMayDo() {
        assertCode(
                ErrorCode.SOURCE_UNREADABLE,
                "[corpora, other, platform]",
                () -> sources().files("s3://secret/key", null));
        assertCode(
                ErrorCode.SOURCE_UNREADABLE,
                SourceBuckets.VARIABLE,
                () -> resolve("s3://secret/model"));
        assertCode(
                ErrorCode.SOURCE_UNREADABLE,
                "secret",
                () -> buckets("").open("secret", "s3://secret/key"));
        assertCode(ErrorCode.USAGE, "s3://corpora", () -> buckets("s3://corpora"));
    }

    @Test
    void whatIsNotThereOrNoUriIsRefusedNamingIt() throws IOException {
        store("text/a.txt", "one");
        assertCode(
                ErrorCode.SOURCE_MISSING,
                "s3://corpora/nothing",
                () -> sources().files("s3://corpora/nothing", null));
        assertCode(
                ErrorCode.SOURCE_EMPTY,
                "**/*.md",
                () -> sources().files("s3://corpora/text", "**/*.md"));
        assertCode(
                ErrorCode.STORE_REFUSED, "other", () -> sources().files("s3://other/text", null));
        for (String uri :
                List.of("s3:corpora", "s3://", "s3://corpora/a/../b", "s3://corpora//a")) {
            assertCode(ErrorCode.SOURCE_UNREADABLE, uri, () -> sources().files(uri, null));
        }
    }

    private S3ObjectStore wholeBucket(String name) {
        S3ObjectStore store =
                S3ObjectStore.connect(S3.address(name, ""), S3.accessKey(), S3.secretKey());
        store.ensureBucket();
        return store;
    }

    private SourceBuckets buckets(String allowed) {
        Map<String, String> environment = new HashMap<>(S3.environment("platform"));
        environment.put(SourceBuckets.VARIABLE, allowed);
        return SourceBuckets.from(environment);
    }

    private Sources sources() {
        return new Sources(new FileRoots(List.of(folder)), buckets);
    }

    /// The same file in the bucket and in a folder.
    private void store(String key, String text) throws IOException {
        store(key, bytes(text));
    }

    private void store(String key, byte[] bytes) throws IOException {
        corpora.put(key, bytes);
        Path file = folder.resolve("files").resolve(key);
        Files.createDirectories(file.resolveSibling("."));
        Files.write(file, bytes);
    }

    private DatasetPreparation.Prepared prepare(String uri, @Nullable String include)
            throws IOException {
        try (var in = getClass().getResourceAsStream("/bytes-tokenizer.json")) {
            assertThat(in).isNotNull();
            platform.put("tokenizer.json", in == null ? new byte[0] : in.readAllBytes());
        }
        Dataset dataset =
                new Dataset(
                        List.of(new Dataset.Source(uri, include, "text", Dataset.Format.AUTO)),
                        new Dataset.Quality(Dataset.Scorer.HEURISTIC, 1),
                        Dataset.Order.SHUFFLED,
                        0);
        return new DatasetPreparation(platform, sources(), folder.resolve("scratch"), 2)
                .prepare(
                        new DatasetPreparation.Request("d", dataset, "tokenizer.json", 257),
                        Progress.NONE);
    }

    private TrainedOn.Model resolve(String uri) {
        return resolve(new ModelSource.Base(uri));
    }

    private TrainedOn.Model resolve(ModelSource source) {
        return new ModelPreparation(platform, sources(), folder.resolve("scratch"))
                .resolve(
                        new Plan(Plan.API_VERSION, "p", 1, source, Map.of(), List.of()),
                        Progress.NONE);
    }

    private String tokenizer(String uri) {
        Architecture architecture =
                HuggingFaceConfiguration.read(SmallModel.CONFIGURATION, "test").architecture();
        return resolve(new ModelSource.Fresh(architecture, uri)).tokenizerKey();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void assertCode(ErrorCode code, String told, ThrowingCallable call) {
        assertThatThrownBy(call)
                .hasMessageContaining(told)
                .isInstanceOfSatisfying(
                        TanrenException.class, e -> assertThat(e.code()).isEqualTo(code));
    }
}
