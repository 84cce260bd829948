package dev.tanren.plan.units;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnitsTest {

    @ParameterizedTest
    @CsvSource({
        "4096, 4096", "16Ki, 16384", "200k, 200000", "1.5M, 1500000", "2Mi, 2097152",
        "1G, 1000000000", "1B, 1000000000", "0.5Ki, 512", "3e3, 3000", "2T, 2000000000000",
        "1Gi, 1073741824", "16 Ki, 16384"
    })
    void readsTokenCounts(String text, long tokens) {
        assertThat(TokenCount.parse(text).tokens()).isEqualTo(tokens);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "k", "-1", "1.5", "0.3Ki", "16K", "1x", "1e99", "9e18k", "NaN", "0x10", "1_000"
            })
    void refusesWhatIsNoTokenCount(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> TokenCount.parse(text));
    }

    @Property(tries = 200)
    void everyTokenCountReadsBackAsItIsWritten(@ForAll @LongRange(min = 0) long tokens) {
        assertThat(TokenCount.parse(new TokenCount(tokens).toString()).tokens()).isEqualTo(tokens);
    }

    @ParameterizedTest
    @CsvSource({"16384, 16Ki", "200000, 200k", "1500000, 1500k", "0, 0", "129, 129", "1024, 1Ki"})
    void writesTokenCountsInTheirShortestForm(long tokens, String text) {
        assertThat(new TokenCount(tokens)).hasToString(text);
    }

    @ParameterizedTest
    @CsvSource({"2%, 0.02", "0.02, 0.02", "100%, 1", "12.5%, 0.125", "-3%, -0.03", "60, 60"})
    void readsShares(String text, double value) {
        assertThat(Fraction.parse(text).value()).isEqualTo(value);
        assertThat(Fraction.parse(new Fraction(value).toString()).value()).isEqualTo(value);
    }

    @Test
    void refusesWhatIsNoShare() {
        assertThatIllegalArgumentException().isThrownBy(() -> Fraction.parse("2k"));
    }

    @ParameterizedTest
    @CsvSource({"4096, 4096", "1KiB, 1024", "1Ki, 1024", "1.5GB, 1500000000", "2MiB, 2097152"})
    void readsSizes(String text, long bytes) {
        assertThat(ByteSize.parse(text).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "999, 999 B",
        "1000, 0.98 KiB",
        "791674880, 755 MiB",
        "10485760, 10.0 MiB"
    })
    void writesSizesForReading(long bytes, String text) {
        assertThat(new ByteSize(bytes)).hasToString(text);
    }

    @ParameterizedTest
    @CsvSource({"500ms, 500", "30s, 30000", "5m, 300000", "1.5h, 5400000", "1d, 86400000"})
    void readsTimes(String text, long millis) {
        Duration duration = Durations.parse(text);
        assertThat(duration).isEqualTo(Duration.ofMillis(millis));
        assertThat(Durations.parse(Durations.format(duration))).isEqualTo(duration);
    }

    @Test
    void aTimeWithoutAUnitIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Durations.parse("30"));
    }

    @Test
    void aMomentIsNamedByItselfOrByHowLongAgoItWas() {
        Instant now = Instant.parse("2026-12-01T12:00:00Z");

        assertThat(Durations.moment("2026-11-24T08:00:00Z", now))
                .isEqualTo(Instant.parse("2026-11-24T08:00:00Z"));
        assertThat(Durations.moment(" 30m ", now)).isEqualTo("2026-12-01T11:30:00Z");
        assertThat(Durations.moment("7d", now)).isEqualTo("2026-11-24T12:00:00Z");
        for (String none : List.of("yesterday", "7", "-7d", "7w", "2026-11-24", "99999999d")) {
            assertThatIllegalArgumentException()
                    .as(none)
                    .isThrownBy(() -> Durations.moment(none, now));
        }
    }
}
