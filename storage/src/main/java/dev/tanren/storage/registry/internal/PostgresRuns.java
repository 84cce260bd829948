package dev.tanren.storage.registry.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Runs;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/// Runs and stages in PostgreSQL.
public final class PostgresRuns implements Runs {

    private final Database database;
    private final RunProjections projections;

    public PostgresRuns(Database database) {
        this.database = database;
        this.projections = new RunProjections(database);
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
                                .map((row, context) -> RunRows.run(row))
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
                                        .map(RunState::key)
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
                    return query.map((row, context) -> RunRows.run(row)).list();
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
                                .map((row, context) -> RunRows.stage(row))
                                .list());
    }

    @Override
    public Map<String, List<StageRow>> stages(Collection<String> runIds) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        "select * from stages where run_id = any(:runIds)"
                                                + " order by run_id, position")
                                .bindArray("runIds", String.class, runIds.toArray())
                                .map((row, context) -> RunRows.stage(row))
                                .collect(Collectors.groupingBy(StageRow::runId)));
    }

    @Override
    public Map<RunState, Long> counts() {
        return database.call(
                handle ->
                        handle.createQuery(
                                        "select status, count(*) as runs from runs group by status")
                                .map(
                                        (row, context) ->
                                                Map.entry(
                                                        RunState.of(row.getString("status")),
                                                        row.getLong("runs")))
                                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
    }

    @Override
    public Projected project(
            String runId,
            RunVersion version,
            RunState state,
            @Nullable String reason,
            @Nullable Failure failure) {
        return projections.project(runId, version, state, reason, failure);
    }

    @Override
    public Projected projectStage(
            String runId, String stageId, RunVersion version, StageState state) {
        return projections.projectStage(runId, stageId, version, state);
    }

    @Override
    public OptionalLong beginExecution(String runId, long seen, String reason) {
        return projections.beginExecution(runId, seen, reason);
    }

    @Override
    public boolean reconcile(Run seen, RunState end, String reason, @Nullable Failure failure) {
        return projections.reconcile(seen, end, reason, failure);
    }

    @Override
    public void explainQueued(String runId, long execution, String reason) {
        projections.explainQueued(runId, execution, reason);
    }

    @Override
    public List<Run> open(Duration unchangedFor) {
        String[] open = RunState.open().stream().map(RunState::key).toArray(String[]::new);
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from runs where status = any(:open)
                                            and status_at <= clock_timestamp()
                                                - :millis * interval '1 millisecond'
                                        order by status_at
                                        """)
                                .bindArray("open", String.class, (Object[]) open)
                                .bind("millis", unchangedFor.toMillis())
                                .map((row, context) -> RunRows.run(row))
                                .list());
    }

    @Override
    public void setProgress(
            String runId, String stageId, long fencingToken, @Nullable String phaseId, long step) {
        projections.setProgress(runId, stageId, fencingToken, phaseId, step);
    }

    @Override
    public void setStageResult(String runId, String stageId, long execution, String resultJson) {
        database.run(
                handle ->
                        handle.createUpdate(
                                        """
                                        update stages set result = :result
                                        where run_id = :runId and stage_id = :stageId
                                            and :execution
                                                >= (select execution from runs where run_id = :runId)
                                        """)
                                .bind("runId", runId)
                                .bind("stageId", stageId)
                                .bind("execution", execution)
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
}
