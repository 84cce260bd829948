package dev.tanren.activities.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.objects.StoreScope;
import dev.tanren.storage.testing.SmallCheckpoints;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What of the worker's keys the processes of a run get.
class StoreCredentialsTest {

    private static final Map<String, String> WORKER =
            Map.of(
                    StoreAddress.ENDPOINT_VARIABLE, "http://127.0.0.1:9000",
                    StoreAddress.BUCKET_VARIABLE, "tanren",
                    StoreAddress.ACCESS_KEY_VARIABLE, "the-workers-access-key",
                    StoreAddress.SECRET_KEY_VARIABLE, "the-workers-secret-key");

    @Test
    void whereKeysAreDerivedARankHasThoseOfItsRunAndNeitherOfTheWorkers() {
        Map<String, String> given = environment("derived");

        String key = Objects.requireNonNull(given.get(StoreAddress.ACCESS_KEY_VARIABLE));
        assertThat(key).startsWith("tnr-run-");
        assertThat(StoreScope.of(key))
                .contains(
                        new StoreScope(
                                "tanren",
                                "runs/r1/adapt/",
                                Stream.concat(
                                                Stream.of("runs/r1/"),
                                                SmallCheckpoints.TRAINED_ON.prefixes().stream())
                                        .toList()));
        assertThat(given)
                .containsEntry(
                        StoreAddress.SECRET_KEY_VARIABLE,
                        StoreScope.secretKey(key, "the-workers-secret-key"))
                .doesNotContainValue("the-workers-access-key")
                .doesNotContainValue("the-workers-secret-key");
    }

    @Test
    void whereTheyAreSharedItHasTheWorkersOwn() {
        assertThat(environment("shared"))
                .containsEntry(StoreAddress.ACCESS_KEY_VARIABLE, "the-workers-access-key")
                .containsEntry(StoreAddress.SECRET_KEY_VARIABLE, "the-workers-secret-key");
    }

    private static Map<String, String> environment(String keys) {
        Map<String, String> worker = new HashMap<>(WORKER);
        worker.put(StoreAddress.RUN_KEYS_VARIABLE, keys);
        return StoreCredentials.from(worker)
                .environment("r1", "adapt", SmallCheckpoints.TRAINED_ON);
    }
}
