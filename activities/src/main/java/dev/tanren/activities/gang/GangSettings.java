package dev.tanren.activities.gang;

import java.time.Duration;

/// How patient a worker is with its ranks.
///
/// @param unmeasuredSilence how long a rank may be silent while little is known of it
/// @param shortestSilence less silence never counts as hung
/// @param drain how long they may take when the worker itself ends
/// @param afterCrash how long the others may take to say why, once one rank has ended
public record GangSettings(
        Duration unmeasuredSilence, Duration shortestSilence, Duration drain, Duration afterCrash) {

    public static GangSettings standard() {
        return new GangSettings(
                Duration.ofMinutes(10),
                Duration.ofSeconds(30),
                Duration.ofSeconds(12),
                Duration.ofMillis(300));
    }

    public GangSettings withDrain(Duration shorter) {
        return new GangSettings(unmeasuredSilence, shortestSilence, shorter, afterCrash);
    }
}
