package dev.tanren.storage.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.testing.EmbeddedS3;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class S3ObjectStoreTest {

    private static final int MEBIBYTE = 1024 * 1024;
    private static final String BUCKET = "objects";
    private static EmbeddedS3 s3;
    private static S3ObjectStore store;

    @BeforeAll
    static void start() {
        s3 = EmbeddedS3.start();
        TransferSettings settings =
                new TransferSettings(
                        5 * MEBIBYTE, 5 * MEBIBYTE, 8 * MEBIBYTE, 3, EmbeddedS3.quick());
        store = s3.store(BUCKET, settings);
    }

    @AfterAll
    static void stop() {
        store.close();
        s3.close();
    }

    @Test
    void whatIsWrittenIsReadBackWithItsHash() {
        StoredObject written = store.put("a/small", bytes(1000, 1));
        assertThat(store.get("a/small")).isEqualTo(bytes(1000, 1));
        assertThat(store.find("a/small")).contains(written);
        assertThat(written.sha256()).isEqualTo(Sha256.of(bytes(1000, 1)));
        assertThat(store.get("a/small", 10, 5))
                .isEqualTo(java.util.Arrays.copyOfRange(bytes(1000, 1), 10, 15));
    }

    @Test
    void anEmptyObjectIsAnObject() {
        store.put("a/empty", new byte[0]);
        assertThat(store.get("a/empty")).isEmpty();
        assertThat(store.find("a/empty").orElseThrow().bytes()).isZero();
    }

    @Test
    void aLargeObjectGoesInPartsAndComesInRanges(@TempDir Path folder) throws IOException {
        byte[] content = bytes(13 * MEBIBYTE + 7, 2);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment source = arena.allocate(content.length);
            source.copyFrom(MemorySegment.ofArray(content));
            StoredObject written = store.put("a/large", source);
            assertThat(store.find("a/large")).contains(written);
            MemorySegment target = arena.allocate(content.length - 100);
            store.read("a/large", 100, target);
            assertThat(target.mismatch(source.asSlice(100))).isEqualTo(-1);
        }
        Path file = folder.resolve("new/copy");
        store.download("a/large", file);
        assertThat(Files.readAllBytes(file)).isEqualTo(content);
        assertThat(folder.resolve("new")).isDirectoryContaining(p -> p.equals(file));
        store.put("a/again", file);
        assertThat(store.find("a/again").orElseThrow().sha256()).isEqualTo(Sha256.of(content));
    }

    @Test
    void piecesFollowEachOtherWhereverTheyLie() {
        byte[] content = bytes(9 * MEBIBYTE, 3);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment first = arena.allocate(6 * MEBIBYTE + 1);
            first.copyFrom(MemorySegment.ofArray(content).asSlice(0, first.byteSize()));
            MemorySegment second = MemorySegment.ofArray(content).asSlice(first.byteSize());
            store.put("a/pieces", List.of(first, second), Sha256.of(content));
        }
        assertThat(store.get("a/pieces")).isEqualTo(content);
    }

    @Test
    void whatExistsIsNotReplacedByAConditionalWrite() {
        assertThat(store.putIfAbsent("a/once", bytes(10, 1))).isTrue();
        assertThat(store.putIfAbsent("a/once", bytes(10, 1))).isFalse();
        assertThat(store.putIfAbsent("a/once", bytes(10, 2))).isFalse();
        assertThat(store.get("a/once")).isEqualTo(bytes(10, 1));
    }

    @Test
    void listingsAreInOrderAndRelativeToThePrefix() {
        store.put("list/b/2", bytes(2, 1));
        store.put("list/a", bytes(1, 1));
        store.put("list/b/1", bytes(3, 1));
        assertThat(store.list("list/").stream().map(StoredObject::key))
                .containsExactly("list/a", "list/b/1", "list/b/2");
        store.delete("list/a");
        store.delete("list/a");
        assertThat(store.list("list/")).hasSize(2);
        assertThat(store.list("nothing/")).isEmpty();
    }

    @Test
    void aMissingObjectIsSaidToBeMissing(@TempDir Path folder) {
        assertThat(store.find("none")).isEmpty();
        expect(ErrorCode.OBJECT_MISSING, () -> store.get("none"));
        expect(ErrorCode.OBJECT_MISSING, () -> store.get("none", 0, 1));
        expect(ErrorCode.OBJECT_MISSING, () -> store.download("none", folder.resolve("x")));
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aChangedByteIsFoundByWholeReads(@TempDir Path folder) throws IOException {
        store.put("a/flipped", bytes(5000, 4));
        try (RandomAccessFile file = new RandomAccessFile(onDisk("a/flipped").toFile(), "rw")) {
            file.seek(1234);
            int old = file.read();
            file.seek(1234);
            file.write(old ^ 1);
        }
        expect(ErrorCode.OBJECT_CORRUPT, () -> store.get("a/flipped"));
        expect(
                ErrorCode.OBJECT_CORRUPT,
                () -> store.download("a/flipped", folder.resolve("flipped")));
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aRangeOutsideTheObjectIsRefused() {
        store.put("a/short", bytes(100, 5));
        expect(ErrorCode.OBJECT_CORRUPT, () -> store.get("a/short", 50, 100));
        expect(ErrorCode.OBJECT_CORRUPT, () -> store.get("a/short", 500, 1));
    }

    @Test
    void keysThatMeanSomethingToAFileSystemAreRefused() {
        for (String key : List.of("", "/a", "a/../b", "..", "a//b", "a\u0000b", "a\\b", "a/")) {
            assertThatIllegalArgumentException()
                    .as(key)
                    .isThrownBy(() -> store.put(key, bytes(1, 1)));
        }
    }

    @Test
    void wrongCredentialsAreRefusedWithoutARetryOrASecret() {
        StoreAddress address = s3.address(BUCKET, "");
        try (var wrong = S3ObjectStore.connect(address, s3.accessKey(), "canary-secret")) {
            expect(ErrorCode.STORE_REFUSED, () -> wrong.get("a/small"));
            expect(ErrorCode.STORE_REFUSED, () -> wrong.find("a/small"));
            assertThatExceptionOfType(TanrenException.class)
                    .isThrownBy(() -> wrong.put("x", bytes(1, 1)))
                    .satisfies(
                            e -> {
                                assertThat(e.code()).isEqualTo(ErrorCode.STORE_REFUSED);
                                assertThat(e).hasStackTraceContaining("TNR-4002");
                                assertThat(stackTrace(e)).doesNotContain("canary-secret");
                            });
        }
    }

    @Test
    void theEnvironmentNamesTheStore() {
        try (var named = S3ObjectStore.connect(s3.environment(BUCKET))) {
            named.put("a/named", bytes(3, 3));
            assertThat(store.get("a/named")).isEqualTo(bytes(3, 3));
        }
        expect(ErrorCode.STORE_REFUSED, () -> S3ObjectStore.connect(java.util.Map.of()));
    }

    private static Path onDisk(String key) {
        return s3.folder().resolve(BUCKET).resolve("tanren/" + key);
    }

    private static String stackTrace(Throwable failure) {
        java.io.StringWriter text = new java.io.StringWriter();
        failure.printStackTrace(new java.io.PrintWriter(text));
        return text.toString();
    }

    static void expect(ErrorCode code, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(call)
                .satisfies(e -> assertThat(e.code()).isEqualTo(code));
    }

    static byte[] bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
