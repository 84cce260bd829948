package dev.tanren.storage.registry;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What happened to a run, in order, for the timeline and the event stream.
public interface Events {

    /// Appends an event.
    ///
    /// @param type such as `run.started`, `dataset.progress`, `dataset.prepared`,
    ///     `dataset.repeated`, `stage.started`, `phase.entered`, `attempt.started`,
    ///     `attempt.ended`, `anomaly.found`, `step.skipped`, `checkpoint.committed`,
    ///     `checkpoint.quarantined`, `evaluation.finished`, `run.paused`, `run.resumed`,
    ///     `run.failed`, `run.succeeded`, `run.cancelled`
    /// @param message one line; what would break it is stored as an escape
    /// @param key an event with the same key in the same run is stored once; null for events that
    ///     may repeat
    /// @return id of the event, rising in the run's order
    long append(
            String runId,
            String type,
            @Nullable String stageId,
            String message,
            Map<String, Object> data,
            @Nullable String key);

    /// Events after `afterId`, oldest first.
    List<Event> after(String runId, long afterId, int limit);

    /// Every event of these types, oldest first.
    List<Event> ofTypes(String runId, Set<String> types);

    /// The newest events of these types, newest first, at most `limit`.
    List<Event> newest(String runId, Set<String> types, int limit);

    record Event(
            long id,
            String runId,
            String type,
            @Nullable String stageId,
            String message,
            Map<String, Object> data,
            Instant at) {}
}
