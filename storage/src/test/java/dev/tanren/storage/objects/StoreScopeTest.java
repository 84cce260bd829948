package dev.tanren.storage.objects;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreScopeTest {

    @Test
    void anAccessKeySaysWhatItOpens() {
        StoreScope scope = new StoreScope("b", "runs/a/", List.of("datasets/d/"));

        assertThat(StoreScope.of(scope.accessKey())).contains(scope);
        assertThat(StoreScope.of("another")).isEmpty();
    }

    /// Anybody may send one, before any signature is looked at.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "",
                "[]",
                "1",
                "{}",
                "{\"bucket\":null,\"owned\":null,\"readable\":null}",
                "{\"bucket\":\"b\",\"owned\":\"runs/a/\",\"readable\":null}",
                "{\"bucket\":\"b\",\"owned\":\"runs/a/\",\"readable\":[null]}"
            })
    void aKeyThatNamesNoScopeOpensNothing(String json) {
        String key =
                "tnr-run-"
                        + Base64.getUrlEncoder()
                                .withoutPadding()
                                .encodeToString(json.getBytes(StandardCharsets.UTF_8));

        assertThat(StoreScope.of(key)).isEmpty();
    }
}
