package dev.tanren.activities.attempt;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Phase;
import dev.tanren.storage.checkpoint.SkippedPhases;
import dev.tanren.storage.registry.Events;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The phases of a stage that its run decided to leave out. They are read from the run's events and
/// from the checkpoint that an attempt starts from, so the decision outlives workers, pauses,
/// retries and the registry.
final class PhasesLeftOut {

    /// Recorded by the stage's workflow before the next phase begins.
    private static final String EVENT = "phase.skipped";

    private PhasesLeftOut() {}

    /// Those before a phase, in the plan's order. A phase that is trained again from an earlier
    /// checkpoint knows no more of what comes after it than it did the first time.
    ///
    /// @param state of the checkpoint that the attempt starts from; empty where there is none
    static List<String> before(
            String phase,
            TrainingStage stage,
            Events events,
            String runId,
            Map<String, String> state) {
        Set<String> skipped = new HashSet<>(SkippedPhases.of(state));
        events.ofTypes(runId, Set.of(EVENT)).stream()
                .filter(event -> stage.id().equals(event.stageId()))
                .map(event -> event.data().get("phase"))
                .filter(String.class::isInstance)
                .forEach(named -> skipped.add((String) named));
        return stage.phases().stream()
                .map(Phase::id)
                .takeWhile(id -> !id.equals(phase))
                .filter(skipped::contains)
                .toList();
    }
}
