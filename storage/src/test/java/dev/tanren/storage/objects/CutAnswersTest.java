package dev.tanren.storage.objects;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.storage.testing.EmbeddedS3;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A store that is killed stops in the middle of its answer, wherever that is. Whatever was asked
/// is asked again.
class CutAnswersTest {

    private static final String BUCKET = "cut";
    private static final byte[] BYTES =
            "some bytes of an object".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    private static final int LONGEST_ANSWER = 1_200;
    private static final int BETWEEN_CUTS = 41;

    private static EmbeddedS3 s3;

    @BeforeAll
    static void start() {
        s3 = EmbeddedS3.start();
        try (ObjectStore store = s3.store(BUCKET)) {
            store.put("kept/a", BYTES);
            store.put("kept/b", BYTES);
        }
    }

    @AfterAll
    static void stop() {
        s3.close();
    }

    @ParameterizedTest
    @MethodSource
    void aRequestWhoseAnswerIsCutAnywhereIsMadeAgain(Function<ObjectStore, Object> request)
            throws Exception {
        Object whole = through(LONGEST_ANSWER, request);
        for (int cut = 0; cut < LONGEST_ANSWER; cut += BETWEEN_CUTS) {
            assertThat(through(cut, request)).as("cut after %d bytes", cut).isEqualTo(whole);
        }
    }

    static Stream<Named<Function<ObjectStore, Object>>>
            aRequestWhoseAnswerIsCutAnywhereIsMadeAgain() {
        return Stream.of(
                Named.of("list", store -> store.list("kept/")),
                Named.of("list nothing", store -> store.list("none/")),
                Named.of("find", store -> store.find("kept/a")),
                Named.of("find nothing", store -> store.find("none")),
                Named.of("get", store -> Arrays.toString(store.get("kept/a"))),
                Named.of("get a range", store -> Arrays.toString(store.get("kept/a", 3, 9))),
                Named.of("put", store -> store.put("put", BYTES)),
                Named.of(
                        "put where none is",
                        store -> {
                            store.delete("absent");
                            return List.of(
                                    store.putIfAbsent("absent", BYTES),
                                    store.putIfAbsent("absent", BYTES));
                        }),
                Named.of(
                        "delete nothing",
                        store -> {
                            store.delete("none");
                            return "gone";
                        }),
                Named.of("uploads under way", store -> store.incompleteUploads("kept/")));
    }

    private static Object through(int bytes, Function<ObjectStore, Object> request)
            throws Exception {
        try (CutsFirstAnswer proxy = new CutsFirstAnswer(s3.endpoint(), bytes);
                ObjectStore store =
                        S3ObjectStore.connect(
                                new StoreAddress(
                                        proxy.endpoint(), "us-east-1", BUCKET, "tanren/", true),
                                s3.accessKey(),
                                s3.secretKey())) {
            return request.apply(store);
        }
    }
}
