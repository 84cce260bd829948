package dev.tanren.storage.registry.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.Removals;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/// Removals in PostgreSQL.
public final class PostgresRemovals implements Removals {

    private static final String ENDED = " status in ('succeeded', 'failed', 'cancelled')";

    private final Database database;

    public PostgresRemovals(Database database) {
        this.database = database;
    }

    @Override
    public void deleteRun(String runId, Actor actor, @Nullable String reason) {
        database.run(
                handle -> {
                    Map<String, Object> before = requireEnded(handle, runId);
                    requireUnused(handle, runId);
                    for (String table : tablesOfRuns(handle)) {
                        handle.createUpdate("delete from " + table + " where run_id = :runId")
                                .bind("runId", runId)
                                .execute();
                    }
                    // A request whose key was never completed must not bring the run back.
                    handle.createUpdate("delete from idempotency_keys where answer = :runId")
                            .bind("runId", runId)
                            .execute();
                    handle.createUpdate(
                                    "insert into deleted_runs (run_id) values (:runId)"
                                            + " on conflict do nothing")
                            .bind("runId", runId)
                            .execute();
                    PostgresAudit.append(
                            handle,
                            AuditRecord.of(actor, "run.delete", "run/" + runId)
                                    .because(reason)
                                    .changing(before, null));
                });
    }

    /// Every table with rows of runs; those that others refer to come last.
    private static List<String> tablesOfRuns(Handle handle) {
        return handle.createQuery(
                        """
                        select table_name from information_schema.columns
                        where table_schema = current_schema() and column_name = 'run_id'
                            and table_name <> 'deleted_runs'
                        order by array_position(array['stages', 'runs'], table_name::text)
                            nulls first, table_name
                        """)
                .mapTo(String.class)
                .list();
    }

    /// @return what the audit keeps of it
    private static Map<String, Object> requireEnded(Handle handle, String runId) {
        Map<String, Object> run =
                handle.createQuery(
                                """
                                select name, owner, status as state from runs
                                where run_id = :runId for update
                                """)
                        .bind("runId", runId)
                        .mapToMap()
                        .findOne()
                        .orElseThrow(() -> PostgresRuns.missing("run/" + runId));
        boolean ended =
                handle.createQuery(
                                "select exists (select 1 from runs where run_id = :runId and"
                                        + ENDED
                                        + ")")
                        .bind("runId", runId)
                        .mapTo(Boolean.class)
                        .one();
        if (!ended) {
            throw new TanrenException(
                            ErrorCode.STATE_CONFLICT,
                            "the run is "
                                    + run.get("state")
                                    + "; only one that has ended can be deleted",
                            "run/" + runId,
                            "cancel it first, or wait for its end")
                    .passing();
        }
        return run;
    }

    /// Its weights are read when the other run is prepared, and again when that is retried.
    private static void requireUnused(Handle handle, String runId) {
        Optional<String> user =
                handle.createQuery(
                                """
                                select run_id from runs
                                where run_id <> :runId and not %s
                                    and position('run:' || :runId || '/' in plan) > 0
                                limit 1
                                """
                                        .formatted(ENDED))
                        .bind("runId", runId)
                        .mapTo(String.class)
                        .findOne();
        if (user.isPresent()) {
            throw new TanrenException(
                            ErrorCode.STATE_CONFLICT,
                            "run " + user.get() + " begins with its weights and has not ended",
                            "run/" + runId,
                            "wait for the end of that run, or cancel it")
                    .passing();
        }
    }

    @Override
    public List<String> deletedRuns() {
        return database.call(
                handle ->
                        handle.createQuery("select run_id from deleted_runs order by run_id")
                                .mapTo(String.class)
                                .list());
    }

    @Override
    public List<StageOfRun> uncollected() {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select run_id, stage_id
                                        from stages join attempts using (run_id, stage_id)
                                        where run_id in (select run_id from runs where %s)
                                        group by run_id, stage_id, fence
                                        having max(fencing_token) > fence
                                        order by run_id, stage_id
                                        """
                                                .formatted(ENDED))
                                .map(
                                        (row, context) ->
                                                new StageOfRun(
                                                        row.getString("run_id"),
                                                        row.getString("stage_id")))
                                .list());
    }

    @Override
    public boolean mayPrepare() {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select exists (
                                            select 1 from runs
                                            where not %s and not exists (
                                                select 1 from stages
                                                where stages.run_id = runs.run_id
                                                    and stages.status = 'running'))
                                        """
                                                .formatted(ENDED))
                                .mapTo(Boolean.class)
                                .one());
    }
}
