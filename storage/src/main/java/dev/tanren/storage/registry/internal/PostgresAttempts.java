package dev.tanren.storage.registry.internal;

import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/// Attempts in PostgreSQL.
public final class PostgresAttempts implements Attempts {

    private final Database database;

    public PostgresAttempts(Database database) {
        this.database = database;
    }

    @Override
    public Attempt begin(
            String runId,
            String stageId,
            @Nullable String phaseId,
            String worker,
            int ranks,
            long resumeStep,
            String requestId) {
        return database.call(
                handle -> {
                    StageLock.exclusive(handle, runId, stageId);
                    Optional<Attempt> known = byRequest(handle, runId, stageId, requestId);
                    if (known.isPresent()) {
                        return known.get();
                    }
                    supersedeEarlier(handle, runId, stageId);
                    rollBack(handle, runId, stageId, resumeStep);
                    return handle.createQuery(
                                    """
                                    insert into attempts (run_id, stage_id, phase_id, attempt,
                                        worker, ranks, resume_step, last_step, status, request_id)
                                    values (:runId, :stageId, :phaseId,
                                        (select coalesce(max(attempt), 0) + 1 from attempts
                                         where run_id = :runId and stage_id = :stageId),
                                        :worker, :ranks, :resumeStep, :resumeStep, 'running',
                                        :requestId)
                                    returning *
                                    """)
                            .bind("runId", runId)
                            .bind("stageId", stageId)
                            .bind("phaseId", phaseId)
                            .bind("worker", worker)
                            .bind("ranks", ranks)
                            .bind("resumeStep", resumeStep)
                            .bind("requestId", requestId)
                            .map((row, context) -> attempt(row))
                            .one();
                });
    }

    private static Optional<Attempt> byRequest(
            Handle handle, String runId, String stageId, String requestId) {
        return handle.createQuery(
                        """
                        select * from attempts
                        where run_id = :runId and stage_id = :stageId and request_id = :requestId
                        """)
                .bind("runId", runId)
                .bind("stageId", stageId)
                .bind("requestId", requestId)
                .map((row, context) -> attempt(row))
                .findOne();
    }

    /// Attempts that ended by themselves keep what they ended with.
    private static void supersedeEarlier(Handle handle, String runId, String stageId) {
        handle.createUpdate(
                        """
                        update attempts set
                            status = 'superseded',
                            ended_at = clock_timestamp(),
                            reason = coalesce(reason, 'a newer attempt began')
                        where run_id = :runId and stage_id = :stageId and ended_at is null
                        """)
                .bind("runId", runId)
                .bind("stageId", stageId)
                .execute();
    }

    private static void rollBack(Handle handle, String runId, String stageId, long resumeStep) {
        for (String table : List.of("step_metrics", "evaluations")) {
            handle.createUpdate(
                            "update "
                                    + table
                                    + " set rolled_back = true where run_id = :runId and stage_id ="
                                    + " :stageId and step > :resumeStep and not rolled_back")
                    .bind("runId", runId)
                    .bind("stageId", stageId)
                    .bind("resumeStep", resumeStep)
                    .execute();
        }
    }

    @Override
    public void waits(long fencingToken, String reason) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        update attempts set reason = :reason
                                        where fencing_token = :token and ended_at is null
                                        """)
                                .bind("token", fencingToken)
                                .bind("reason", reason)
                                .execute());
    }

    @Override
    public void launched(long fencingToken, String worker) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        update attempts set
                                            worker = :worker,
                                            reason = case when ended_at is null then null
                                                else reason end
                                        where fencing_token = :token
                                        """)
                                .bind("token", fencingToken)
                                .bind("worker", worker)
                                .execute());
    }

    @Override
    public boolean current(String runId, String stageId, long fencingToken) {
        return database.call(
                handle -> StageLock.newestToken(handle, runId, stageId) == fencingToken);
    }

    @Override
    public void end(
            long fencingToken,
            AttemptStatus status,
            @Nullable String reason,
            @Nullable String failureClass,
            long lastStep) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        update attempts set
                                            status = :status,
                                            reason = :reason,
                                            failure_class = :failureClass,
                                            last_step = greatest(last_step, :lastStep),
                                            ended_at = clock_timestamp()
                                        where fencing_token = :token and ended_at is null
                                        """)
                                .bind("token", fencingToken)
                                .bind("status", status.key())
                                .bind("reason", reason)
                                .bind("failureClass", failureClass)
                                .bind("lastStep", lastStep)
                                .execute());
    }

    @Override
    public List<Attempt> list(String runId) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        "select * from attempts where run_id = :runId"
                                                + " order by fencing_token")
                                .bind("runId", runId)
                                .map((row, context) -> attempt(row))
                                .list());
    }

    private static Attempt attempt(ResultSet row) throws SQLException {
        return new Attempt(
                row.getString("run_id"),
                row.getString("stage_id"),
                row.getString("phase_id"),
                row.getInt("attempt"),
                row.getLong("fencing_token"),
                row.getString("worker"),
                row.getInt("ranks"),
                row.getLong("resume_step"),
                row.getLong("last_step"),
                AttemptStatus.of(row.getString("status")),
                row.getString("reason"),
                row.getString("failure_class"),
                Columns.instant(row, "started_at"),
                Columns.instantOrNull(row, "first_step_at"),
                Columns.instantOrNull(row, "ended_at"));
    }
}
