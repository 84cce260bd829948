package dev.tanren.storage.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.objects.StoreScope;
import dev.tanren.storage.objects.TransferSettings;
import dev.tanren.storage.testing.EmbeddedS3;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// What the keys of a run open in the embedded object store, with a prefix before every key.
class RunKeysTest {

    private static final String BUCKET = "run-keys";
    private static final TransferSettings SETTINGS =
            TransferSettings.standard().withRetries(EmbeddedS3.quick());

    private static EmbeddedS3 server;
    private static S3ObjectStore all;
    private static StoreAddress address;

    @BeforeAll
    static void objectsOfTwoRunsAndWhatTheyShare() {
        server = EmbeddedS3.start();
        all = server.store(BUCKET);
        address = server.address(BUCKET, "tanren/");
        for (String key :
                List.of(
                        "runs/a/s/checkpoints/1",
                        "runs/b/s/checkpoints/1",
                        "runs/ab/s/checkpoints/1",
                        "datasets/d1/manifest.json",
                        "datasets/d2/manifest.json",
                        "models/m1/config.json",
                        "models/m2/config.json")) {
            all.put(key, key.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
    }

    @AfterAll
    static void end() {
        all.close();
        server.close();
    }

    @Test
    void aRunReadsAndWritesItsOwnAndReadsWhatItTrainsOn() throws Exception {
        try (S3ObjectStore run = runA()) {
            run.put("runs/a/s/checkpoints/2", new byte[] {1});
            assertThat(run.putIfAbsent("runs/a/s/once", new byte[] {1})).isTrue();
            assertThat(run.putIfAbsent("runs/a/s/once", new byte[] {2})).isFalse();
            assertThat(run.get("runs/a/s/checkpoints/2")).containsExactly(1);
            assertThat(run.get("datasets/d1/manifest.json")).isNotEmpty();
            assertThat(run.list("models/m1/"))
                    .extracting(ObjectStore.StoredObject::key)
                    .containsExactly("models/m1/config.json");
            assertThat(run.list("runs/a/")).hasSizeGreaterThanOrEqualTo(3);
            assertThat(run.find("runs/a/none")).isEmpty();
            run.delete("runs/a/s/once");
            assertThat(all.find("runs/a/s/once")).isEmpty();
        }
    }

    @Test
    void aSaveInPartsWorksAndLeavesNothingBehind() throws Exception {
        byte[] large = new byte[12 << 20];
        Arrays.fill(large, (byte) 7);
        try (S3ObjectStore run =
                runA(new TransferSettings(5 << 20, 5 << 20, 5 << 20, 2, EmbeddedS3.quick()))) {
            run.put("runs/a/s/large", large);
            assertThat(run.get("runs/a/s/large")).isEqualTo(large);
        }
        assertThat(all.incompleteUploads("runs/")).isEmpty();
        try (var files = Files.list(server.folder().resolve(BUCKET))) {
            assertThat(files.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @Test
    void whatIsOfAnotherRunIsNeitherReadNorWrittenNorListed() {
        try (S3ObjectStore run = runA()) {
            for (String key :
                    List.of(
                            "runs/b/s/checkpoints/1",
                            "runs/ab/s/checkpoints/1",
                            "datasets/d2/manifest.json",
                            "models/m2/config.json")) {
                assertRefused(() -> run.get(key));
                assertRefused(() -> run.find(key));
                assertRefused(() -> run.put(key, new byte[] {9}));
                assertRefused(() -> run.put(key + ".new", new byte[] {9}));
                assertRefused(() -> run.delete(key));
                assertThat(all.get(key)).asString().isEqualTo(key);
            }
            for (String prefix :
                    List.of("runs/b/", "runs/", "", "runs/a", "datasets/", "models/")) {
                assertRefused(() -> run.list(prefix));
            }
            assertRefused(() -> run.put("datasets/d1/manifest.json", new byte[] {9}));
            assertRefused(() -> run.putIfAbsent("models/m1/new.json", new byte[] {9}));
            assertThat(run.putIfAbsent("models/m1/config.json", new byte[] {9})).isFalse();
            assertRefused(() -> run.delete("models/m1/config.json"));
            assertThat(all.get("models/m1/config.json")).asString().startsWith("models/");
        }
    }

    /// Whoever trains replaces neither what was published and passed a gate, nor what the run is.
    @Test
    void whatIsOfAnotherStageOrOfTheRunAsAWholeIsReadAndNotWritten() {
        try (S3ObjectStore run = runA()) {
            for (String key :
                    List.of(
                            "runs/a/run.json",
                            "runs/a/release/artifacts/manifest.json",
                            "runs/a/s2/checkpoints/1")) {
                all.put(key, key.getBytes(java.nio.charset.StandardCharsets.UTF_8));

                assertThat(run.get(key)).asString().isEqualTo(key);
                assertRefused(() -> run.put(key, new byte[] {9}));
                assertRefused(() -> run.delete(key));
                assertRefused(() -> run.putIfAbsent(key + ".new", new byte[] {9}));
            }
        }
    }

    @Test
    void noPathOutOfItsOwnAndNoOtherBucketIsOpen() {
        server.store("another-bucket").close();
        StoreScope scope = StoreScope.ofStage(address, "a", "s", List.of());
        for (String key : List.of("tanren/runs/a/../b/s/checkpoints/1", "tanren/runs/a/./x")) {
            assertThat(scope.mayRead(BUCKET, key)).isFalse();
            assertThat(scope.mayWrite(BUCKET, key)).isFalse();
        }
        assertThat(scope.mayList(BUCKET, "tanren/runs/a/..")).isFalse();
        StoreAddress other = server.address("another-bucket", "tanren/");
        try (S3ObjectStore run =
                S3ObjectStore.connect(
                        other, scope.accessKey(), secret(scope.accessKey()), SETTINGS)) {
            assertRefused(() -> run.put("runs/a/x", new byte[] {9}));
            assertRefused(() -> run.list("runs/a/"));
        }
    }

    @Test
    void aScopeThatSomebodyWritesForHimselfOpensNothing() {
        StoreScope mine = StoreScope.ofStage(address, "a", "s", List.of());
        String wider = StoreScope.ofStage(address, "b", "s", List.of("models/")).accessKey();
        for (String secret : List.of(secret(mine.accessKey()), "guess")) {
            try (S3ObjectStore forged = S3ObjectStore.connect(address, wider, secret, SETTINGS)) {
                assertRefused(() -> forged.get("runs/b/s/checkpoints/1"));
            }
        }
        try (S3ObjectStore none =
                S3ObjectStore.connect(address, "tnr-run-none", secret("tnr-run-none"), SETTINGS)) {
            assertRefused(() -> none.get("runs/b/s/checkpoints/1"));
        }
    }

    @Test
    void theKeysOfARunOverManyDatasetsStillFitARequest() {
        List<String> many =
                java.util.stream.IntStream.range(0, 500)
                        .mapToObj(number -> "datasets/%064d/".formatted(number))
                        .toList();
        StoreScope scope = StoreScope.ofStage(address, "a", "s", many);

        assertThat(scope.readable()).containsExactly("tanren/runs/a/", "tanren/datasets/");
        assertThat(StoreScope.of(scope.accessKey())).contains(scope);
        StoreScope some = StoreScope.ofStage(address, "a", "s", many.subList(0, 32));
        assertThat(some.accessKey()).hasSizeLessThan(4500);
        try (S3ObjectStore run =
                S3ObjectStore.connect(
                        address, some.accessKey(), secret(some.accessKey()), SETTINGS)) {
            run.put("runs/a/s/many", new byte[] {1});
            assertThat(run.get("runs/a/s/many")).containsExactly(1);
        }
    }

    private static S3ObjectStore runA() {
        return runA(SETTINGS);
    }

    private static S3ObjectStore runA(TransferSettings settings) {
        String key =
                StoreScope.ofStage(address, "a", "s", List.of("datasets/d1/", "models/m1/"))
                        .accessKey();
        return S3ObjectStore.connect(address, key, secret(key), settings);
    }

    private static String secret(String accessKey) {
        return StoreScope.secretKey(accessKey, server.secretKey());
    }

    private static void assertRefused(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_REFUSED));
    }
}
