package dev.tanren.storage.registry.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.text.Printable;
import dev.tanren.storage.registry.Events;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/// Events in PostgreSQL.
///
/// An event's id is taken while the run's row is locked, so ids become visible in their order and a
/// reader that saw one misses none before it.
public final class PostgresEvents implements Events {

    private static final TypeReference<Map<String, Object>> DATA = new TypeReference<>() {};

    private final Database database;

    public PostgresEvents(Database database) {
        this.database = database;
    }

    @Override
    public long append(
            String runId,
            String type,
            @Nullable String stageId,
            String message,
            Map<String, Object> data,
            @Nullable String key) {
        return database.call(handle -> append(handle, runId, type, stageId, message, data, key));
    }

    /// Within a transaction that changes what the event tells of.
    static long append(
            Handle handle,
            String runId,
            String type,
            @Nullable String stageId,
            String message,
            Map<String, Object> data,
            @Nullable String key) {
        long next = 1 + lockedCounter(handle, runId);
        Optional<Long> known = byKey(handle, runId, key);
        if (known.isPresent()) {
            return known.get();
        }
        handle.createUpdate(
                        """
                        insert into events (run_id, event_id, type, stage_id, message, data, key)
                        values (:runId, :id, :type, :stageId, :message, :data, :key)
                        """)
                .bind("runId", runId)
                .bind("id", next)
                .bind("type", type)
                .bind("stageId", stageId)
                .bind("message", Printable.of(message))
                .bind("data", Json.write(data))
                .bind("key", key)
                .execute();
        handle.createUpdate("update runs set last_event = :id where run_id = :runId")
                .bind("runId", runId)
                .bind("id", next)
                .execute();
        return next;
    }

    private static long lockedCounter(Handle handle, String runId) {
        return handle.createQuery(
                        "select last_event from runs where run_id = :runId for no key update")
                .bind("runId", runId)
                .mapTo(Long.class)
                .findOne()
                .orElseThrow(() -> PostgresRuns.missing("run/" + runId));
    }

    private static Optional<Long> byKey(Handle handle, String runId, @Nullable String key) {
        if (key == null) {
            return Optional.empty();
        }
        return handle.createQuery(
                        "select event_id from events where run_id = :runId and key = :key")
                .bind("runId", runId)
                .bind("key", key)
                .mapTo(Long.class)
                .findOne();
    }

    @Override
    public List<Event> after(String runId, long afterId, int limit) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from events
                                        where run_id = :runId and event_id > :afterId
                                        order by event_id limit :limit
                                        """)
                                .bind("runId", runId)
                                .bind("afterId", afterId)
                                .bind("limit", limit)
                                .map((row, context) -> event(row))
                                .list());
    }

    @Override
    public List<Event> ofTypes(String runId, Set<String> types) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from events
                                        where run_id = :runId and type in (<types>)
                                        order by event_id
                                        """)
                                .bind("runId", runId)
                                .bindList("types", List.copyOf(types))
                                .map((row, context) -> event(row))
                                .list());
    }

    @Override
    public List<Event> newest(String runId, Set<String> types, int limit) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from events
                                        where run_id = :runId and type in (<types>)
                                        order by event_id desc limit :limit
                                        """)
                                .bind("runId", runId)
                                .bindList("types", List.copyOf(types))
                                .bind("limit", limit)
                                .map((row, context) -> event(row))
                                .list());
    }

    private static Event event(ResultSet row) throws SQLException {
        return new Event(
                row.getLong("event_id"),
                row.getString("run_id"),
                row.getString("type"),
                row.getString("stage_id"),
                row.getString("message"),
                data(row.getString("data")),
                Columns.instant(row, "at"));
    }

    private static Map<String, Object> data(String json) {
        try {
            return Json.mapper().readValue(json, DATA);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the registry wrote this event itself", e);
        }
    }
}
