package dev.tanren.controlplane.text;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What times a request may carry: those that RFC 3339 can write, with a resolution of nanoseconds.
public final class RequestTimes {

    /// The runtime's own parser takes offsets of up to 18 hours alone.
    private static final Pattern RFC_3339 =
            Pattern.compile(
                    "(\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,9})?)\\d*"
                            + "(?:Z|([+-])([01]\\d|2[0-3]):([0-5]\\d))");

    private RequestTimes() {}

    /// Empty where the text is no such time.
    public static Optional<Instant> read(String text) {
        Matcher parts = RFC_3339.matcher(text.toUpperCase(Locale.ROOT));
        if (!parts.matches()) {
            return Optional.empty();
        }
        try {
            Instant local = Instant.parse(parts.group(1) + "Z");
            if (parts.group(2) == null) {
                return Optional.of(local);
            }
            Duration offset =
                    Duration.ofHours(Long.parseLong(parts.group(3)))
                            .plusMinutes(Long.parseLong(parts.group(4)));
            return Optional.of(
                    parts.group(2).equals("+") ? local.minus(offset) : local.plus(offset));
        } catch (DateTimeException e) {
            // There is no such day, or no such hour.
            return Optional.empty();
        }
    }
}
