package dev.tanren.storage.objects;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.testing.EmbeddedS3;
import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Uploads over a way that is slow, stands still or changes bytes. The limits are a hundredth of
/// the real ones and so are the sizes.
@Timeout(60)
class SlowTransferTest {

    private static final int MEBIBYTE = 1 << 20;
    private static final String BUCKET = "slow";

    /// An upload that takes longer than all of them together goes on while it moves.
    private static final RetryPolicy IMPATIENT =
            new RetryPolicy(
                    Duration.ofMillis(500),
                    Duration.ofMillis(500),
                    Duration.ofMillis(10),
                    Duration.ofMillis(100),
                    Duration.ofMillis(700));

    private static EmbeddedS3 s3;

    @BeforeAll
    static void start() {
        s3 = EmbeddedS3.start();
        s3.store(BUCKET).close();
    }

    @AfterAll
    static void stop() {
        s3.close();
    }

    /// In one request that is signed, in one with a checksum, and in parts.
    @ParameterizedTest
    @ValueSource(ints = {MEBIBYTE, 3 * MEBIBYTE, 11 * MEBIBYTE})
    void anUploadThatMovesSlowlyButSteadilyEnds(int size) throws IOException {
        // About two seconds a connection, which is more than any limit.
        int each = Math.min(size, 5 * MEBIBYTE);
        try (UploadWay way =
                        new UploadWay(
                                s3.endpoint(),
                                (connection, before, piece, length) -> {
                                    Thread.sleep(2_000L * length / each);
                                    return true;
                                });
                S3ObjectStore store = over(way)) {
            byte[] bytes = bytes(size);
            store.put("steady-" + size, bytes);
            assertThat(store.get("steady-" + size)).isEqualTo(bytes);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {MEBIBYTE, 3 * MEBIBYTE, 11 * MEBIBYTE})
    void anUploadThatStandsStillIsGivenUpAndShowsNothing(int size) throws IOException {
        try (UploadWay way =
                        new UploadWay(
                                s3.endpoint(),
                                (connection, before, piece, length) -> before < 300_000);
                S3ObjectStore store = over(way);
                S3ObjectStore direct = s3.store(BUCKET)) {
            S3ObjectStoreTest.expect(
                    ErrorCode.STORE_DEADLINE, () -> store.put("hung-" + size, bytes(size)));
            assertThat(direct.find("hung-" + size)).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {MEBIBYTE, 3 * MEBIBYTE, 11 * MEBIBYTE})
    void bytesThatChangeOnTheWayAreSentAgain(int size) throws IOException {
        AtomicInteger changed = new AtomicInteger();
        try (UploadWay way =
                        new UploadWay(
                                s3.endpoint(),
                                (connection, before, piece, length) -> {
                                    if (isBody(before, length) && changed.getAndIncrement() == 0) {
                                        piece[length - 1] ^= 1;
                                    }
                                    return true;
                                });
                S3ObjectStore store = over(way, TransferSettings.standard().retries())) {
            byte[] bytes = bytes(size);
            store.put("changed-" + size, bytes);
            assertThat(changed.get()).isPositive();
            assertThat(store.get("changed-" + size)).isEqualTo(bytes);
        }
    }

    @Test
    void bytesThatAlwaysChangeOnTheWayAreNeverStored() throws IOException {
        for (int size : new int[] {MEBIBYTE, 3 * MEBIBYTE, 11 * MEBIBYTE}) {
            try (UploadWay way =
                            new UploadWay(
                                    s3.endpoint(),
                                    (connection, before, piece, length) -> {
                                        if (isBody(before, length)) {
                                            piece[length - 1] ^= 1;
                                        }
                                        return true;
                                    });
                    S3ObjectStore store = over(way);
                    S3ObjectStore direct = s3.store(BUCKET)) {
                S3ObjectStoreTest.expect(
                        ErrorCode.STORE_DEADLINE, () -> store.put("wrong-" + size, bytes(size)));
                assertThat(direct.find("wrong-" + size)).isEmpty();
            }
        }
    }

    private static boolean isBody(long before, int length) {
        return before > 500_000 && length > 8_000;
    }

    private static S3ObjectStore over(UploadWay way) {
        return over(way, IMPATIENT);
    }

    private static S3ObjectStore over(UploadWay way, RetryPolicy policy) {
        return S3ObjectStore.connect(
                new StoreAddress(way.endpoint(), "us-east-1", BUCKET, "tanren/", true),
                s3.accessKey(),
                s3.secretKey(),
                new TransferSettings(5 * MEBIBYTE, MEBIBYTE, 5 * MEBIBYTE, 4, policy));
    }

    private static byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }
}
