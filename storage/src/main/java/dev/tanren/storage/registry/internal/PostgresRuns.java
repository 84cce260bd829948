package dev.tanren.storage.registry.internal;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.registry.RunStatus;
import dev.tanren.storage.registry.Runs;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/// Runs and stages in PostgreSQL.
public final class PostgresRuns implements Runs {

    private final Database database;

    public PostgresRuns(Database database) {
        this.database = database;
    }

    @Override
    public void create(NewRun run) {
        PlanText text = run.submitted();
        database.run(
                handle -> {
                    handle.createUpdate(
                                    """
                                    insert into runs (run_id, name, plan, plan_text,
                                        plan_media_type, owner, status)
                                    values (:runId, :name, :plan, :text, :mediaType, :owner,
                                        'queued')
                                    on conflict (run_id) do nothing
                                    """)
                            .bind("runId", run.runId())
                            .bind("name", run.name())
                            .bind("plan", run.planJson())
                            .bind("text", text == null ? null : text.text())
                            .bind("mediaType", text == null ? null : text.mediaType())
                            .bind("owner", run.owner())
                            .execute();
                    insertStages(handle, run);
                });
    }

    private static void insertStages(Handle handle, NewRun run) {
        if (run.stages().isEmpty()) {
            return;
        }
        var batch =
                handle.prepareBatch(
                        """
                        insert into stages (run_id, stage_id, position, type, status, total_steps)
                        values (:runId, :stageId, :position, :type, 'queued', :totalSteps)
                        on conflict (run_id, stage_id) do nothing
                        """);
        for (int position = 0; position < run.stages().size(); position++) {
            NewStage stage = run.stages().get(position);
            batch.bind("runId", run.runId())
                    .bind("stageId", stage.stageId())
                    .bind("position", position)
                    .bind("type", stage.type())
                    .bind("totalSteps", stage.totalSteps())
                    .add();
        }
        batch.execute();
    }

    @Override
    public Optional<Run> find(String runId) {
        return database.call(
                handle ->
                        handle.createQuery("select * from runs where run_id = :runId")
                                .bind("runId", runId)
                                .map((row, context) -> run(row))
                                .findOne());
    }

    @Override
    public List<Run> list(Filter filter, @Nullable String cursor, int limit) {
        StringBuilder sql = new StringBuilder("select * from runs where true");
        if (filter.statuses() != null) {
            sql.append(" and status = any(:statuses)");
        }
        if (filter.nameContains() != null) {
            sql.append(" and position(:name in lower(name)) > 0");
        }
        if (filter.owner() != null) {
            sql.append(" and owner = :owner");
        }
        if (cursor != null) {
            sql.append(" and run_id < :cursor");
        }
        sql.append(" order by run_id desc limit :limit");
        return database.call(
                handle -> {
                    Query query = handle.createQuery(sql.toString()).bind("limit", limit);
                    if (filter.statuses() != null) {
                        String[] keys =
                                filter.statuses().stream()
                                        .map(RunStatus::key)
                                        .toArray(String[]::new);
                        query.bindArray("statuses", String.class, (Object[]) keys);
                    }
                    if (filter.nameContains() != null) {
                        query.bind("name", filter.nameContains().toLowerCase(Locale.ROOT));
                    }
                    if (filter.owner() != null) {
                        query.bind("owner", filter.owner());
                    }
                    if (cursor != null) {
                        query.bind("cursor", cursor);
                    }
                    return query.map((row, context) -> run(row)).list();
                });
    }

    @Override
    public List<StageRow> stages(String runId) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        "select * from stages where run_id = :runId"
                                                + " order by position")
                                .bind("runId", runId)
                                .map((row, context) -> stage(row))
                                .list());
    }

    @Override
    public void setStatus(
            String runId, RunStatus status, @Nullable String reason, @Nullable Failure failure) {
        int changed =
                database.call(
                        handle ->
                                handle.createUpdate(
                                                """
                                                update runs set
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
                                                """)
                                        .bind("runId", runId)
                                        .bind("status", status.key())
                                        .bind("terminal", status.terminal())
                                        .bind("reason", reason)
                                        .bind("code", failure == null ? null : failure.code())
                                        .bind("what", failure == null ? null : failure.what())
                                        .bind("where", failure == null ? null : failure.where())
                                        .bind("mend", failure == null ? null : failure.mend())
                                        .execute());
        if (changed == 0) {
            throw missing("run/" + runId);
        }
    }

    @Override
    public void setStageStatus(String runId, String stageId, RunStatus status) {
        int changed =
                database.call(
                        handle -> {
                            if (status == RunStatus.RUNNING) {
                                handle.createUpdate(
                                                "update runs set current_stage = :stageId"
                                                        + " where run_id = :runId")
                                        .bind("runId", runId)
                                        .bind("stageId", stageId)
                                        .execute();
                            }
                            return handle.createUpdate(
                                            """
                                            update stages set
                                                status = :status,
                                                started_at = case when :status = 'running'
                                                    then coalesce(started_at, clock_timestamp())
                                                    else started_at end,
                                                finished_at = case when :terminal
                                                    then coalesce(finished_at, clock_timestamp())
                                                    end
                                            where run_id = :runId and stage_id = :stageId
                                            """)
                                    .bind("runId", runId)
                                    .bind("stageId", stageId)
                                    .bind("status", status.key())
                                    .bind("terminal", status.terminal())
                                    .execute();
                        });
        if (changed == 0) {
            throw missing("run/" + runId + "/" + stageId);
        }
    }

    @Override
    public void setProgress(String runId, String stageId, @Nullable String phaseId, long step) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        update stages set phase_id = :phaseId, step = :step
                                        where run_id = :runId and stage_id = :stageId
                                        """)
                                .bind("runId", runId)
                                .bind("stageId", stageId)
                                .bind("phaseId", phaseId)
                                .bind("step", step)
                                .execute());
    }

    @Override
    public void setStageResult(String runId, String stageId, String resultJson) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        update stages set result = :result
                                        where run_id = :runId and stage_id = :stageId
                                        """)
                                .bind("runId", runId)
                                .bind("stageId", stageId)
                                .bind("result", resultJson)
                                .execute());
    }

    static TanrenException missing(String where) {
        return new TanrenException(
                ErrorCode.NOT_FOUND,
                "the registry does not know it",
                where,
                "create the run first, or look up its id with GET /api/v1/runs");
    }

    private static Run run(ResultSet row) throws SQLException {
        return new Run(
                row.getString("run_id"),
                row.getString("name"),
                row.getString("plan"),
                submitted(row),
                row.getString("owner"),
                Columns.status(row),
                row.getString("reason"),
                failure(row),
                row.getString("current_stage"),
                Columns.instant(row, "created_at"),
                Columns.instantOrNull(row, "started_at"),
                Columns.instantOrNull(row, "finished_at"));
    }

    private static @Nullable PlanText submitted(ResultSet row) throws SQLException {
        String text = row.getString("plan_text");
        return text == null ? null : new PlanText(text, row.getString("plan_media_type"));
    }

    private static @Nullable Failure failure(ResultSet row) throws SQLException {
        String code = row.getString("failure_code");
        return code == null
                ? null
                : new Failure(
                        code,
                        row.getString("failure_what"),
                        row.getString("failure_where"),
                        row.getString("failure_mend"));
    }

    private static StageRow stage(ResultSet row) throws SQLException {
        return new StageRow(
                row.getString("run_id"),
                row.getString("stage_id"),
                row.getInt("position"),
                row.getString("type"),
                Columns.status(row),
                row.getString("phase_id"),
                row.getLong("step"),
                row.getLong("total_steps"),
                row.getString("result"),
                Columns.instantOrNull(row, "started_at"),
                Columns.instantOrNull(row, "finished_at"));
    }
}
