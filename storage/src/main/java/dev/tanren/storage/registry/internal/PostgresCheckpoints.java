package dev.tanren.storage.registry.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.Checkpoints;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/// Checkpoints in PostgreSQL.
public final class PostgresCheckpoints implements Checkpoints {

    private static final String ONE =
            " where run_id = :runId and stage_id = :stageId and step = :step";

    /// A step may be written anew by another attempt: a row is meant by its token too.
    private static final String SAME =
            ONE + " and fencing_token = :token and committed_at is not null";

    private final Database database;

    public PostgresCheckpoints(Database database) {
        this.database = database;
    }

    /// A quarantined checkpoint may be written anew: the attempt that does so went back past it.
    @Override
    public boolean prepare(NewCheckpoint checkpoint) {
        return database.call(
                handle -> {
                    StageLock.requireNewest(
                            handle,
                            checkpoint.runId(),
                            checkpoint.stageId(),
                            checkpoint.fencingToken());
                    return upsert(
                                    handle,
                                    checkpoint,
                                    "null",
                                    "checkpoints.committed_at is null"
                                            + " or checkpoints.quarantined is not null")
                            > 0;
                });
    }

    @Override
    public void commit(String runId, String stageId, long step, long fencingToken) {
        database.run(
                handle -> {
                    StageLock.requireNewest(handle, runId, stageId, fencingToken);
                    int changed =
                            bindOne(
                                            handle.createUpdate(
                                                    "update checkpoints set committed_at ="
                                                            + " coalesce(committed_at,"
                                                            + " clock_timestamp())"
                                                            + ONE
                                                            + " and fencing_token = :token"),
                                            runId,
                                            stageId,
                                            step)
                                    .bind("token", fencingToken)
                                    .execute();
                    if (changed == 0) {
                        throw new TanrenException(
                                ErrorCode.CHECKPOINT_STALE_ATTEMPT,
                                "the attempt with fencing token "
                                        + fencingToken
                                        + " has not prepared this checkpoint",
                                "run/" + runId + "/" + stageId + "/" + step,
                                "prepare it before the commit");
                    }
                });
    }

    @Override
    public void restore(NewCheckpoint checkpoint) {
        database.run(
                handle ->
                        upsert(
                                handle,
                                checkpoint,
                                "clock_timestamp()",
                                "checkpoints.committed_at is null"));
    }

    private static int upsert(
            Handle handle, NewCheckpoint checkpoint, String committedAt, String replaceWhen) {
        return handle.createUpdate(
                        """
                        insert into checkpoints (run_id, stage_id, step, phase_id, attempt,
                            fencing_token, manifest_key, bytes, weights_sha256, loss, committed_at)
                        values (:runId, :stageId, :step, :phaseId, :attempt,
                            :token, :manifestKey, :bytes, :weightsSha256, :loss, %s)
                        on conflict (run_id, stage_id, step) do update set
                            phase_id = excluded.phase_id,
                            attempt = excluded.attempt,
                            fencing_token = excluded.fencing_token,
                            manifest_key = excluded.manifest_key,
                            bytes = excluded.bytes,
                            weights_sha256 = excluded.weights_sha256,
                            loss = excluded.loss,
                            prepared_at = clock_timestamp(),
                            committed_at = excluded.committed_at,
                            verified_at = null,
                            quarantined = null
                        where %s
                        """
                                .formatted(committedAt, replaceWhen))
                .bind("runId", checkpoint.runId())
                .bind("stageId", checkpoint.stageId())
                .bind("step", checkpoint.step())
                .bind("phaseId", checkpoint.phaseId())
                .bind("attempt", checkpoint.attempt())
                .bind("token", checkpoint.fencingToken())
                .bind("manifestKey", checkpoint.manifestKey())
                .bind("bytes", checkpoint.bytes())
                .bind("weightsSha256", checkpoint.weightsSha256())
                .bind("loss", checkpoint.loss())
                .execute();
    }

    @Override
    public List<Row> list(String runId, String stageId) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from checkpoints
                                        where run_id = :runId and stage_id = :stageId
                                            and committed_at is not null and quarantined is null
                                        order by step desc
                                        """)
                                .bind("runId", runId)
                                .bind("stageId", stageId)
                                .map((row, context) -> row(row))
                                .list());
    }

    @Override
    public List<Row> list(String runId) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from checkpoints
                                        where run_id = :runId and committed_at is not null
                                        order by committed_at desc, step desc
                                        """)
                                .bind("runId", runId)
                                .map((row, context) -> row(row))
                                .list());
    }

    @Override
    public Optional<Row> find(String runId, String stageId, long step) {
        return database.call(
                handle ->
                        bindOne(
                                        handle.createQuery(
                                                "select * from checkpoints"
                                                        + ONE
                                                        + " and committed_at is not null"),
                                        runId,
                                        stageId,
                                        step)
                                .map((row, context) -> row(row))
                                .findOne());
    }

    @Override
    public boolean quarantine(Row checkpoint, String reason, Actor actor) {
        return database.call(
                handle -> {
                    Optional<Row> held = held(handle, checkpoint);
                    if (held.isPresent() && held.get().quarantined() == null) {
                        of(
                                        checkpoint,
                                        handle.createUpdate(
                                                "update checkpoints set quarantined = :reason"
                                                        + SAME))
                                .bind("reason", reason)
                                .execute();
                        record(
                                handle,
                                checkpoint,
                                "checkpoint.quarantined",
                                "checkpoint of step "
                                        + checkpoint.step()
                                        + " does not verify: "
                                        + reason,
                                reason);
                        PostgresAudit.append(
                                handle,
                                record(actor, "checkpoint.quarantine", checkpoint)
                                        .changing(state(null), state(reason)));
                    }
                    return held.isPresent();
                });
    }

    @Override
    public void verified(Row checkpoint, Actor actor) {
        database.run(
                handle -> {
                    Optional<Row> held = held(handle, checkpoint);
                    of(
                                    checkpoint,
                                    handle.createUpdate(
                                            "update checkpoints set verified_at = clock_timestamp(),"
                                                    + " quarantined = null"
                                                    + SAME))
                            .execute();
                    String reason = held.map(Row::quarantined).orElse(null);
                    if (reason != null) {
                        record(
                                handle,
                                checkpoint,
                                "checkpoint.released",
                                "checkpoint of step "
                                        + checkpoint.step()
                                        + " verifies again and is no longer quarantined",
                                reason);
                        PostgresAudit.append(
                                handle,
                                record(actor, "checkpoint.release", checkpoint)
                                        .changing(state(reason), state(null)));
                    }
                });
    }

    private static AuditRecord record(Actor actor, String action, Row checkpoint) {
        return AuditRecord.of(actor, action, checkpoint.subject())
                .with(Map.of("manifest", checkpoint.manifestKey()));
    }

    private static Map<String, Object> state(@Nullable String quarantined) {
        return quarantined == null
                ? Map.of("quarantined", false)
                : Map.of("quarantined", true, "because", quarantined);
    }

    /// The row as it is now, if it still is of the same save; held until the transaction ends.
    private static Optional<Row> held(Handle handle, Row checkpoint) {
        return of(
                        checkpoint,
                        handle.createQuery("select * from checkpoints" + SAME + " for update"))
                .map((row, context) -> row(row))
                .findOne();
    }

    private static void record(
            Handle handle, Row checkpoint, String type, String message, String reason) {
        PostgresEvents.append(
                handle,
                checkpoint.runId(),
                type,
                checkpoint.stageId(),
                message,
                Map.of(
                        "step", checkpoint.step(),
                        "manifest", checkpoint.manifestKey(),
                        "reason", reason),
                null);
    }

    @Override
    public boolean remove(Row checkpoint, long collector) {
        return database.call(
                handle -> {
                    String runId = checkpoint.runId();
                    StageLock.exclusive(handle, runId, checkpoint.stageId());
                    return StageLock.newestToken(handle, runId, checkpoint.stageId()) == collector
                            && of(checkpoint, handle.createUpdate("delete from checkpoints" + SAME))
                                            .execute()
                                    > 0;
                });
    }

    private static <S extends SqlStatement<S>> S of(Row checkpoint, S statement) {
        return bindOne(statement, checkpoint.runId(), checkpoint.stageId(), checkpoint.step())
                .bind("token", checkpoint.fencingToken());
    }

    private static <S extends SqlStatement<S>> S bindOne(
            S statement, String runId, String stageId, long step) {
        return statement.bind("runId", runId).bind("stageId", stageId).bind("step", step);
    }

    private static Row row(ResultSet row) throws SQLException {
        return new Row(
                row.getString("run_id"),
                row.getString("stage_id"),
                row.getString("phase_id"),
                row.getLong("step"),
                row.getInt("attempt"),
                row.getLong("fencing_token"),
                row.getString("manifest_key"),
                row.getLong("bytes"),
                row.getString("weights_sha256"),
                row.getDouble("loss"),
                Columns.instant(row, "committed_at"),
                Columns.instantOrNull(row, "verified_at"),
                row.getString("quarantined"));
    }
}
