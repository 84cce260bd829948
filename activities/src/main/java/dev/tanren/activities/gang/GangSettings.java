package dev.tanren.activities.gang;

import java.time.Duration;

/// How patient a worker is with its ranks.
///
/// @param start from the launch until every rank has its state
/// @param firstStep until the first step of an attempt, and for evaluations of unknown length
/// @param stepFloor shortest time without a step that counts as hung
/// @param lastSave from the last step until everything is saved
/// @param pause how long ranks may take to save when the run pauses
/// @param drain how long they may take when the worker itself ends
/// @param afterCrash how long the others may take to say why, once one rank has ended
public record GangSettings(
        Duration start,
        Duration firstStep,
        Duration stepFloor,
        Duration lastSave,
        Duration pause,
        Duration drain,
        Duration afterCrash) {

    public static GangSettings standard() {
        return new GangSettings(
                Duration.ofMinutes(10),
                Duration.ofMinutes(5),
                Duration.ofSeconds(10),
                Duration.ofMinutes(30),
                Duration.ofMinutes(5),
                Duration.ofSeconds(12),
                Duration.ofMillis(300));
    }

    public GangSettings withDrain(Duration shorter) {
        return new GangSettings(start, firstStep, stepFloor, lastSave, pause, shorter, afterCrash);
    }
}
