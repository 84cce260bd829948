package dev.tanren.plan.units;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Map;

/// Times as people write them: `500ms`, `30s`, `5m`, `2h`, `1d`.
public final class Durations {

    private static final Map<String, Long> NANOSECONDS =
            Map.of(
                    "ms", 1_000_000L,
                    "s", 1_000_000_000L,
                    "m", 60_000_000_000L,
                    "h", 3_600_000_000_000L,
                    "d", 86_400_000_000_000L);

    private Durations() {}

    /// A plain number is refused: it would not say its unit.
    ///
    /// @throws IllegalArgumentException when the text is no such time
    public static Duration parse(String text) {
        return Duration.ofNanos(
                Quantity.parse(text).inWhole(NANOSECONDS, "a time such as 500ms, 30s or 5m"));
    }

    /// A moment as people write it: `2026-11-24T08:00:00Z`, or how long before `now`, such as `7d`.
    ///
    /// @throws IllegalArgumentException when the text is neither
    public static Instant moment(String text, Instant now) {
        try {
            return Instant.parse(text.strip());
        } catch (DateTimeParseException noInstant) {
            return now.minus(parse(text));
        }
    }

    /// The shortest exact form down to milliseconds, such as `30s`.
    public static String format(Duration duration) {
        long millis = duration.toMillis();
        if (millis == 0 || millis % 1_000 != 0) {
            return millis + "ms";
        }
        long seconds = millis / 1_000;
        if (seconds % 86_400 == 0) {
            return seconds / 86_400 + "d";
        }
        if (seconds % 3_600 == 0) {
            return seconds / 3_600 + "h";
        }
        return seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
    }
}
