package dev.tanren.plan;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// When a rank counts as hung: one that gives no sign of its work for too long, however long its
/// steps are.
///
/// @param silenceMillis how long a rank may be silent; null where the limit follows what the ranks
///     have shown
public record Watchdog(@Nullable Long silenceMillis) {

    /// The limit follows what the ranks have shown.
    public static final Watchdog MEASURED = new Watchdog(null);

    /// A rank tells of its work once a second at most, so less than this would say nothing.
    public static final Duration SHORTEST = Duration.ofSeconds(5);

    public static final Duration LONGEST = Duration.ofDays(7);

    public static Watchdog of(Duration silence) {
        return new Watchdog(silence.toMillis());
    }

    /// The plan's own limit.
    public Optional<Duration> limit() {
        return Optional.ofNullable(silenceMillis).map(Duration::ofMillis);
    }
}
