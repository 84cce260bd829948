package dev.tanren.controlplane.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestTimesTest {

    @ParameterizedTest
    @CsvSource({
        "2026-11-24T08:00:00Z, 2026-11-24T08:00:00Z",
        "2026-11-24t08:00:00.5z, 2026-11-24T08:00:00.500Z",
        "2026-11-24T08:00:00+01:30, 2026-11-24T06:30:00Z",
        "0456-04-28T23:27:55.889682-21:49, 0456-04-29T21:16:55.889682Z",
        "2026-11-24T08:00:00.1234567891234Z, 2026-11-24T08:00:00.123456789Z",
    })
    void whatRfc3339WritesIsRead(String text, Instant time) {
        assertThat(RequestTimes.read(text)).contains(time);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "yesterday",
                "1700000000",
                "2026-11-24",
                "2026-11-24T08:00:00",
                "2026-11-24 08:00:00Z",
                "2026-02-30T08:00:00Z",
                "2026-11-24T25:00:00Z",
                "2026-11-24T08:00:00+24:00",
                "+10000-01-01T00:00:00Z",
                "-0001-01-01T00:00:00Z"
            })
    void nothingElseIs(String text) {
        assertThat(RequestTimes.read(text)).isEmpty();
    }

    @Test
    void theFirstAndTheLastAreRead() {
        assertThat(RequestTimes.read("0000-01-01T00:00:00+23:59")).isPresent();
        assertThat(RequestTimes.read("9999-12-31T23:59:59.999999999-23:59")).isPresent();
    }
}
