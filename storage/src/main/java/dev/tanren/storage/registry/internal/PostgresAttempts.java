package dev.tanren.storage.registry.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Attempts;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/// Attempts in PostgreSQL.
public final class PostgresAttempts implements Attempts {

    private final Database database;

    public PostgresAttempts(Database database) {
        this.database = database;
    }

    @Override
    public Optional<Attempt> begin(NewAttempt wanted) {
        List<Attempt> begun = new ArrayList<>();
        Wanted still =
                database.call(
                        handle -> {
                            begun.clear();
                            Wanted found = Wanted.of(handle, wanted);
                            StageLock.exclusive(handle, wanted.runId(), wanted.stageId());
                            switch (found) {
                                case Wanted.Now _ -> begun.add(begun(handle, wanted));
                                case Wanted.Later _ -> {}
                                case Wanted.No _ -> endUnwanted(handle, wanted);
                            }
                            return found;
                        });
        if (still instanceof Wanted.No no) {
            throw no.refusal();
        }
        return begun.stream().findFirst();
    }

    /// An earlier call for the same request may have begun it when it was wanted.
    private static void endUnwanted(Handle handle, NewAttempt wanted) {
        handle.createUpdate(
                        """
                        update attempts set
                            status = 'cancelled',
                            ended_at = clock_timestamp(),
                            reason = 'the run went on without it'
                        where run_id = :runId and stage_id = :stageId
                            and request_id = :requestId and ended_at is null
                        """)
                .bind("runId", wanted.runId())
                .bind("stageId", wanted.stageId())
                .bind("requestId", wanted.requestId())
                .execute();
    }

    private static Attempt begun(Handle handle, NewAttempt wanted) {
        Optional<Attempt> known =
                byRequest(handle, wanted.runId(), wanted.stageId(), wanted.requestId());
        if (known.isPresent()) {
            return known.get();
        }
        if (StageLock.newestToken(handle, wanted.runId(), wanted.stageId())
                != wanted.newestSeen()) {
            throw new TanrenException(
                    ErrorCode.RANK_PREEMPTED,
                    "another attempt has begun since this one was asked for",
                    "stage " + wanted.stageId(),
                    "nothing is to be done: it is asked for again if it is still wanted");
        }
        supersedeEarlier(handle, wanted.runId(), wanted.stageId());
        return handle.createQuery(
                        """
                        insert into attempts (run_id, stage_id, phase_id, attempt, worker, ranks,
                            last_step, status, request_id)
                        values (:runId, :stageId, :phaseId,
                            (select coalesce(max(attempt), 0) + 1 from attempts
                             where run_id = :runId and stage_id = :stageId),
                            :worker, :ranks, 0, 'running', :requestId)
                        returning *
                        """)
                .bind("runId", wanted.runId())
                .bind("stageId", wanted.stageId())
                .bind("phaseId", wanted.phaseId())
                .bind("worker", wanted.worker())
                .bind("ranks", wanted.ranks())
                .bind("requestId", wanted.requestId())
                .map((row, context) -> attempt(row))
                .one();
    }

    @Override
    public Attempt start(Attempt begun, long resumeStep) {
        return database.call(
                handle -> {
                    StageLock.requireNewest(
                            handle, begun.runId(), begun.stageId(), begun.fencingToken());
                    rollBack(handle, begun.runId(), begun.stageId(), resumeStep);
                    return handle.createQuery(
                                    """
                                    update attempts set
                                        resume_step = :resumeStep,
                                        last_step = greatest(last_step, :resumeStep)
                                    where fencing_token = :token
                                    returning *
                                    """)
                            .bind("token", begun.fencingToken())
                            .bind("resumeStep", resumeStep)
                            .map((row, context) -> attempt(row))
                            .one();
                });
    }

    @Override
    public OptionalLong fence(String runId, String stageId) {
        return database.call(
                handle -> {
                    boolean ended = Wanted.ended(handle, runId);
                    StageLock.exclusive(handle, runId, stageId);
                    return ended
                            ? OptionalLong.of(StageLock.fence(handle, runId, stageId))
                            : OptionalLong.empty();
                });
    }

    @Override
    public long newestToken(String runId, String stageId) {
        return database.call(handle -> StageLock.newestToken(handle, runId, stageId));
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
    public void restore(KnownAttempt known) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        insert into attempts as known (fencing_token, run_id,
                                            stage_id, phase_id, attempt, worker, ranks, last_step,
                                            status, reason, request_id, ended_at)
                                        values (:token, :runId, :stageId, :phaseId,
                                            case when exists (select from attempts
                                                    where run_id = :runId and stage_id = :stageId
                                                    and attempt = :attempt and fencing_token <> :token)
                                                then (select max(attempt) + 1 from attempts
                                                    where run_id = :runId and stage_id = :stageId)
                                                else :attempt end,
                                            'unknown', 0, :step, 'superseded',
                                            'known by its checkpoints alone', 'token ' || :token,
                                            clock_timestamp())
                                        on conflict (fencing_token) do update set
                                            last_step = greatest(known.last_step, excluded.last_step)
                                        where known.worker = 'unknown'
                                        """)
                                .bind("token", known.fencingToken())
                                .bind("runId", known.runId())
                                .bind("stageId", known.stageId())
                                .bind("phaseId", known.phaseId())
                                .bind("attempt", known.attempt())
                                .bind("step", known.step())
                                .execute());
    }

    @Override
    public void continueAbove(long token) {
        database.run(
                handle ->
                        handle.createQuery(
                                        """
                                        select setval('attempts_fencing_token_seq',
                                            greatest(:token, last_value))
                                        from attempts_fencing_token_seq
                                        """)
                                .bind("token", token)
                                .mapTo(Long.class)
                                .one());
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
        return newestToken(runId, stageId) == fencingToken;
    }

    @Override
    public void end(
            long fencingToken,
            AttemptStatus status,
            @Nullable String reason,
            @Nullable ErrorCode error,
            long lastStep) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        update attempts set
                                            status = :status,
                                            reason = :reason,
                                            failure_class = :failureClass,
                                            failure_code = :failureCode,
                                            last_step = greatest(last_step, :lastStep),
                                            ended_at = clock_timestamp()
                                        where fencing_token = :token and ended_at is null
                                        """)
                                .bind("token", fencingToken)
                                .bind("status", status.key())
                                .bind("reason", reason)
                                .bind(
                                        "failureClass",
                                        error == null ? null : error.failureClass().name())
                                .bind("failureCode", error == null ? null : error.name())
                                .bind("lastStep", lastStep)
                                .execute());
    }

    @Override
    public Map<String, Tally> tallies(Collection<String> runIds) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select distinct on (run_id) run_id,
                                            count(*) over (partition by run_id) as attempts,
                                            case when ended_at is null then reason end as waits_for
                                        from attempts where run_id = any(:runIds)
                                        order by run_id, fencing_token desc
                                        """)
                                .bindArray("runIds", String.class, runIds.toArray())
                                .map((row, context) -> tally(row))
                                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
    }

    private static Map.Entry<String, Tally> tally(ResultSet row) throws SQLException {
        return Map.entry(
                row.getString("run_id"),
                new Tally(row.getInt("attempts"), row.getString("waits_for")));
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
                row.getObject("resume_step", Long.class),
                row.getLong("last_step"),
                AttemptStatus.of(row.getString("status")),
                row.getString("reason"),
                row.getString("failure_class"),
                row.getString("failure_code"),
                Columns.instant(row, "started_at"),
                Columns.instantOrNull(row, "first_step_at"),
                Columns.instantOrNull(row, "ended_at"));
    }
}
