package dev.tanren.storage.registry.internal;

import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Runs.Failure;
import dev.tanren.storage.registry.Runs.Projected;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/// What changes of a run, each in one statement that refuses what is older than the row it finds.
final class RunProjections {

    private final Database database;

    RunProjections(Database database) {
        this.database = database;
    }

    Projected project(
            String runId,
            RunVersion version,
            RunState state,
            @Nullable String reason,
            @Nullable Failure failure) {
        return database.call(
                handle ->
                        change(handle, runId, version, state, reason, failure) == 1
                                ? Projected.NOW
                                : refused(
                                        handle.createQuery(
                                                        "select execution, status_sequence from"
                                                                + " runs where run_id = :runId")
                                                .bind("runId", runId),
                                        version,
                                        "run/" + runId));
    }

    private static int change(
            Handle handle,
            String runId,
            RunVersion version,
            RunState state,
            @Nullable String reason,
            @Nullable Failure failure) {
        return handle.createUpdate(
                        """
                        update runs set
                            execution = :execution,
                            status_sequence = :sequence,
                            status_at = clock_timestamp(),
                            status = :status,
                            reason = :reason,
                            failure_code = :code,
                            failure_what = :what,
                            failure_where = :where,
                            failure_mend = :mend,
                            started_at = case when :status = 'running'
                                then coalesce(started_at, clock_timestamp())
                                else started_at end,
                            finished_at = case when :terminal
                                then coalesce(finished_at, clock_timestamp())
                                end
                        where run_id = :runId
                            and (execution, status_sequence) < (:execution, :sequence)
                        """)
                .bind("runId", runId)
                .bind("execution", version.execution())
                .bind("sequence", version.sequence())
                .bind("status", state.key())
                .bind("terminal", state.terminal())
                .bind("reason", reason)
                .bind("code", failure == null ? null : failure.code())
                .bind("what", failure == null ? null : failure.what())
                .bind("where", failure == null ? null : failure.where())
                .bind("mend", failure == null ? null : failure.mend())
                .execute();
    }

    private static Projected refused(Query recorded, RunVersion version, String where) {
        return recorded.map((row, context) -> RunRows.version(row))
                .findOne()
                .map(newest -> newest.equals(version) ? Projected.BEFORE : Projected.LATE)
                .orElseThrow(() -> PostgresRuns.missing(where));
    }

    Projected projectStage(String runId, String stageId, RunVersion version, StageState state) {
        return database.call(
                handle -> {
                    int changed = changeStage(handle, runId, stageId, version, state);
                    if (changed == 1 && state == StageState.RUNNING) {
                        handle.createUpdate(
                                        "update runs set current_stage = :stageId where run_id ="
                                                + " :runId and execution = :execution")
                                .bind("runId", runId)
                                .bind("stageId", stageId)
                                .bind("execution", version.execution())
                                .execute();
                    }
                    return changed == 1
                            ? Projected.NOW
                            : refused(
                                    handle.createQuery(
                                                    "select execution, status_sequence from stages"
                                                            + " where run_id = :runId and stage_id ="
                                                            + " :stageId")
                                            .bind("runId", runId)
                                            .bind("stageId", stageId),
                                    version,
                                    "run/" + runId + "/" + stageId);
                });
    }

    private static int changeStage(
            Handle handle, String runId, String stageId, RunVersion version, StageState state) {
        return handle.createUpdate(
                        """
                        update stages set
                            execution = :execution,
                            status_sequence = :sequence,
                            status = :status,
                            started_at = case when :status = 'running'
                                then coalesce(started_at, clock_timestamp())
                                else started_at end,
                            finished_at = case when :terminal
                                then coalesce(finished_at, clock_timestamp())
                                end
                        where run_id = :runId and stage_id = :stageId
                            and (execution, status_sequence) < (:execution, :sequence)
                            and :execution >= (select execution from runs where run_id = :runId)
                        """)
                .bind("runId", runId)
                .bind("stageId", stageId)
                .bind("execution", version.execution())
                .bind("sequence", version.sequence())
                .bind("status", state.key())
                .bind("terminal", state.terminal())
                .execute();
    }

    OptionalLong beginExecution(String runId, long seen, String reason) {
        String[] retryable =
                Arrays.stream(RunState.values())
                        .filter(RunAction.RETRY::allowedIn)
                        .map(RunState::key)
                        .toArray(String[]::new);
        return database.call(
                handle -> {
                    handle.createUpdate(
                                    """
                                    update runs set
                                        execution = execution + 1,
                                        status_sequence = 0,
                                        status_at = clock_timestamp(),
                                        status = 'queued',
                                        reason = :reason,
                                        failure_code = null,
                                        failure_what = null,
                                        failure_where = null,
                                        failure_mend = null,
                                        finished_at = null
                                    where run_id = :runId and execution = :seen
                                        and status = any(:retryable)
                                    """)
                            .bind("runId", runId)
                            .bind("seen", seen)
                            .bind("reason", reason)
                            .bindArray("retryable", String.class, (Object[]) retryable)
                            .execute();
                    return handle.createQuery(
                                    "select execution from runs where run_id = :runId"
                                            + " and execution = :seen + 1")
                            .bind("runId", runId)
                            .bind("seen", seen)
                            .mapTo(Long.class)
                            .findOne()
                            .map(OptionalLong::of)
                            .orElseGet(OptionalLong::empty);
                });
    }

    boolean reconcile(Run seen, RunState end, String reason, @Nullable Failure failure) {
        StageState ofWork =
                switch (end) {
                    case SUCCEEDED -> StageState.SUCCEEDED;
                    case CANCELLED -> StageState.CANCELLED;
                    case FAILED -> StageState.FAILED;
                    case QUEUED, RUNNING, PAUSING, PAUSED, CANCELLING ->
                            throw new IllegalArgumentException(end + " is no end");
                };
        return database.call(
                handle -> {
                    boolean unchanged =
                            handle.createQuery(
                                            """
                                            select execution, status_sequence from runs
                                            where run_id = :runId for update
                                            """)
                                    .bind("runId", seen.runId())
                                    .map((row, context) -> RunRows.version(row))
                                    .findOne()
                                    .filter(seen.version()::equals)
                                    .isPresent();
                    if (!unchanged || seen.status().terminal()) {
                        return false;
                    }
                    RunVersion last = seen.version().last();
                    change(handle, seen.runId(), last, end, reason, failure);
                    for (StageRow stage : stages(handle, seen.runId())) {
                        if (!stage.status().terminal()) {
                            changeStage(
                                    handle,
                                    seen.runId(),
                                    stage.stageId(),
                                    last,
                                    stage.status() == StageState.QUEUED && end != RunState.SUCCEEDED
                                            ? StageState.SKIPPED
                                            : ofWork);
                        }
                    }
                    return true;
                });
    }

    private static List<StageRow> stages(Handle handle, String runId) {
        return handle.createQuery("select * from stages where run_id = :runId order by position")
                .bind("runId", runId)
                .map((row, context) -> RunRows.stage(row))
                .list();
    }

    void explainQueued(String runId, long execution, String reason) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        update runs set reason = :reason
                                        where run_id = :runId and execution = :execution
                                            and status_sequence = 0
                                        """)
                                .bind("runId", runId)
                                .bind("execution", execution)
                                .bind("reason", reason)
                                .execute());
    }

    void setProgress(
            String runId, String stageId, long fencingToken, @Nullable String phaseId, long step) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        update stages set
                                            phase_id = :phaseId,
                                            step = :step,
                                            progress_token = :token
                                        where run_id = :runId and stage_id = :stageId
                                            and (progress_token, step) <= (:token, :step)
                                            and :token = (select max(fencing_token) from attempts
                                                where run_id = :runId and stage_id = :stageId)
                                        """)
                                .bind("runId", runId)
                                .bind("stageId", stageId)
                                .bind("token", fencingToken)
                                .bind("phaseId", phaseId)
                                .bind("step", step)
                                .execute());
    }
}
