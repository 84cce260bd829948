package dev.tanren.activities.attempt;

import dev.tanren.plan.Anomalies;
import dev.tanren.storage.registry.Events;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// The steps that a stage's attempts ended by without applying them. They are read from the run's
/// events, so they outlive workers, pauses and retries of the run.
public final class SkippedSteps {

    /// Recorded by the supervisor when ranks report an anomaly.
    public static final String EVENT = "anomaly.found";

    private static final int PAGE = 1000;

    private SkippedSteps() {}

    /// Rising. A step that a rank skipped by itself is not among them: it decides so again.
    static List<Long> of(Events events, String runId, String stageId) {
        TreeSet<Long> steps = new TreeSet<>();
        long after = 0;
        while (true) {
            List<Events.Event> page = events.after(runId, after, PAGE);
            for (Events.Event event : page) {
                if (event.type().equals(EVENT)
                        && stageId.equals(event.stageId())
                        && endedAnAttempt(event.data())) {
                    steps.add(((Number) step(event)).longValue());
                }
            }
            if (page.size() < PAGE) {
                return List.copyOf(steps);
            }
            after = page.getLast().id();
        }
    }

    private static Object step(Events.Event event) {
        Object step = event.data().get("step");
        if (step == null) {
            throw new IllegalStateException("event " + event.id() + " names no step");
        }
        return step;
    }

    private static boolean endedAnAttempt(Map<String, Object> data) {
        Object action = data.get("action");
        return Anomalies.Policy.ROLLBACK.name().equals(action)
                || Anomalies.Policy.PAUSE.name().equals(action);
    }
}
