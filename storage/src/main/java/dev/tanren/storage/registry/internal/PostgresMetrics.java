package dev.tanren.storage.registry.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.registry.Metrics;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collector;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/// Figures in PostgreSQL.
///
/// A row belongs to the newest attempt that reported it. An attempt that is stale when its figures
/// arrive may fill a gap, marked as rolled back where a newer attempt went back past it, and
/// changes no row.
public final class PostgresMetrics implements Metrics {

    private static final TypeReference<Map<String, Double>> FIGURES = new TypeReference<>() {};

    static final Collector<Map.Entry<String, StepRow>, ?, Map<String, List<StepRow>>> BY_RUN =
            Collectors.groupingBy(
                    Map.Entry::getKey,
                    Collectors.mapping(Map.Entry::getValue, Collectors.toList()));

    private static final String REPLACE_OLDER =
            """
            do update set
                attempt = excluded.attempt,
                fencing_token = excluded.fencing_token,
                phase_id = excluded.phase_id,
                rolled_back = false,
                batch_hash = excluded.batch_hash,
                figures = excluded.figures,
                loss = excluded.loss,
                at = excluded.at
            where step_metrics.fencing_token <= excluded.fencing_token
            """;

    private final Database database;
    private final DatabaseClock clock;

    public PostgresMetrics(Database database) {
        this(database, InstantSource.system());
    }

    /// @param own clock of this process, which times of steps are of
    PostgresMetrics(Database database, InstantSource own) {
        this.database = database;
        this.clock = new DatabaseClock(own);
    }

    @Override
    public void record(String runId, String stageId, long fencingToken, List<StepRow> steps) {
        if (steps.isEmpty()) {
            return;
        }
        database.run(
                handle -> {
                    Duration ahead = clock.ahead(handle);
                    List<StepRow> told = steps.stream().map(step -> step.later(ahead)).toList();
                    Standing standing = standing(handle, runId, stageId, fencingToken);
                    insert(handle, runId, stageId, fencingToken, told, standing);
                    noteSteps(handle, fencingToken, told);
                });
    }

    private static void insert(
            Handle handle,
            String runId,
            String stageId,
            long fencingToken,
            List<StepRow> steps,
            Standing standing) {
        PreparedBatch batch =
                handle.prepareBatch(
                        """
                        insert into step_metrics (run_id, stage_id, step, rank, attempt,
                            fencing_token, phase_id, rolled_back, batch_hash, figures, loss, at)
                        values (:runId, :stageId, :step, :rank, :attempt,
                            :token, :phaseId, :rolledBack, :batchHash, :figures, :loss, :at)
                        on conflict (run_id, stage_id, rank, step)
                        """
                                + (standing.newest ? REPLACE_OLDER : "do nothing"));
        // One order for all writers, so that two batches cannot wait for each other.
        List<StepRow> ordered =
                steps.stream()
                        .sorted(
                                Comparator.comparingInt(StepRow::rank)
                                        .thenComparingLong(StepRow::step))
                        .toList();
        for (StepRow step : ordered) {
            batch.bind("runId", runId)
                    .bind("stageId", stageId)
                    .bind("step", step.step())
                    .bind("rank", step.rank())
                    .bind("attempt", step.attempt())
                    .bind("token", fencingToken)
                    .bind("phaseId", step.phaseId())
                    .bind("rolledBack", step.step() > standing.keptUpTo)
                    .bind("batchHash", step.batchHash())
                    .bind("figures", Json.write(step.values()))
                    .bind("loss", step.values().get("loss"))
                    .bind("at", step.at())
                    .add();
        }
        batch.execute();
    }

    private static void noteSteps(Handle handle, long fencingToken, List<StepRow> steps) {
        handle.createUpdate(
                        """
                        update attempts set
                            first_step_at = coalesce(first_step_at, :firstAt),
                            last_step = greatest(last_step, :lastStep)
                        where fencing_token = :token
                        """)
                .bind("token", fencingToken)
                .bind(
                        "firstAt",
                        steps.stream()
                                .map(StepRow::at)
                                .min(Comparator.naturalOrder())
                                .orElseThrow())
                .bind("lastStep", steps.stream().mapToLong(StepRow::step).max().orElseThrow())
                .execute();
    }

    @Override
    public void recordEvaluation(
            String runId,
            String stageId,
            long fencingToken,
            long step,
            Map<String, EvaluationRow> datasets) {
        if (datasets.isEmpty()) {
            return;
        }
        database.run(
                handle -> {
                    Standing standing = standing(handle, runId, stageId, fencingToken);
                    PreparedBatch batch =
                            handle.prepareBatch(
                                    """
                                    insert into evaluations (run_id, stage_id, step, dataset,
                                        fencing_token, rolled_back, loss, perplexity, tokens)
                                    values (:runId, :stageId, :step, :dataset,
                                        :token, :rolledBack, :loss, :perplexity, :tokens)
                                    on conflict (run_id, stage_id, step, dataset)
                                    """
                                            + (standing.newest
                                                    ? """
                                                      do update set
                                                          fencing_token = excluded.fencing_token,
                                                          rolled_back = false,
                                                          loss = excluded.loss,
                                                          perplexity = excluded.perplexity,
                                                          tokens = excluded.tokens
                                                      """
                                                    : "do nothing"));
                    datasets.entrySet().stream()
                            .sorted(Map.Entry.comparingByKey())
                            .forEach(
                                    entry ->
                                            batch.bind("runId", runId)
                                                    .bind("stageId", stageId)
                                                    .bind("step", step)
                                                    .bind("dataset", entry.getKey())
                                                    .bind("token", fencingToken)
                                                    .bind("rolledBack", step > standing.keptUpTo)
                                                    .bind("loss", entry.getValue().loss())
                                                    .bind(
                                                            "perplexity",
                                                            entry.getValue().perplexity())
                                                    .bind("tokens", entry.getValue().tokens())
                                                    .add());
                    batch.execute();
                });
    }

    /// @param keptUpTo last step of this attempt that no newer attempt undid
    private record Standing(boolean newest, long keptUpTo) {}

    /// Evaluations of stages that begin no attempt (gates) come with token 0, which is the newest
    /// there.
    private static Standing standing(
            Handle handle, String runId, String stageId, long fencingToken) {
        StageLock.shared(handle, runId, stageId);
        return handle.createQuery(
                        """
                        select count(*) = 0 as newest, coalesce(min(resume_step), :none) as kept
                        from attempts
                        where run_id = :runId and stage_id = :stageId and fencing_token > :token
                        """)
                .bind("none", Long.MAX_VALUE)
                .bind("runId", runId)
                .bind("stageId", stageId)
                .bind("token", fencingToken)
                .map((row, context) -> new Standing(row.getBoolean("newest"), row.getLong("kept")))
                .one();
    }

    @Override
    public List<StepRow> steps(String runId, String stageId, long fromStep, int maximumPoints) {
        ThinnedSteps thinned = new ThinnedSteps(fromStep, maximumPoints);
        return database.call(handle -> thinned.read(handle, new StageKey(runId, stageId)));
    }

    @Override
    public List<StepRow> trend(String runId, String stageId, String series, int maximumPoints) {
        return trends(List.of(new StageKey(runId, stageId)), series, maximumPoints)
                .getOrDefault(runId, List.of());
    }

    @Override
    public Map<String, List<StepRow>> trends(
            Collection<StageKey> stages, String series, int maximumPoints) {
        ThinnedSteps thinned = new ThinnedSteps(0, maximumPoints);
        return database.call(handle -> thinned.read(handle, stages, List.of(series)));
    }

    @Override
    public Map<String, List<StepRow>> newest(Map<StageKey, Long> fromSteps, int limit) {
        List<Map.Entry<StageKey, Long>> stages = List.copyOf(fromSteps.entrySet());
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select newest.*
                                        from unnest(:runIds, :stageIds, :fromSteps)
                                            as wanted(run_id, stage_id, from_step),
                                        lateral (
                                            select * from step_metrics
                                            where run_id = wanted.run_id
                                                and stage_id = wanted.stage_id and rank = 0
                                                and step >= wanted.from_step and not rolled_back
                                            order by step desc limit :limit) as newest
                                        order by run_id, step
                                        """)
                                .bindArray(
                                        "runIds",
                                        String.class,
                                        stages.stream().map(it -> it.getKey().runId()).toArray())
                                .bindArray(
                                        "stageIds",
                                        String.class,
                                        stages.stream().map(it -> it.getKey().stageId()).toArray())
                                .bindArray(
                                        "fromSteps",
                                        Long.class,
                                        stages.stream().map(Map.Entry::getValue).toArray())
                                .bind("limit", limit)
                                .map((row, context) -> stepOfRun(row))
                                .collect(BY_RUN));
    }

    @Override
    public List<StepRow> stepsFrom(String runId, String stageId, long fromStep, int limit) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from step_metrics
                                        where run_id = :runId and stage_id = :stageId and rank = 0
                                            and step >= :fromStep and not rolled_back
                                        order by step limit :limit
                                        """)
                                .bind("runId", runId)
                                .bind("stageId", stageId)
                                .bind("fromStep", fromStep)
                                .bind("limit", limit)
                                .map((row, context) -> step(row))
                                .list());
    }

    @Override
    public List<StepRow> newestSteps(String runId, String stageId, int steps) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        with newest as (
                                            select * from step_metrics
                                            where run_id = :runId and stage_id = :stageId
                                                and attempt = (
                                                    select max(attempt) from step_metrics
                                                    where run_id = :runId
                                                        and stage_id = :stageId)),
                                        ends as (
                                            select min(step) as first, max(step) as last
                                            from newest)
                                        select newest.* from newest, ends
                                        where step > last - :steps and step >= first + 2
                                        order by step, rank
                                        """)
                                .bind("runId", runId)
                                .bind("stageId", stageId)
                                .bind("steps", steps)
                                .map((row, context) -> step(row))
                                .list());
    }

    /// The newest is either the furthest that was ever reached, or the furthest that counts.
    @Override
    public List<LastStep> lastSteps(String runId, String stageId, int ranks) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select ranks.rank, newest.step, newest.at
                                        from generate_series(0, :ranks - 1) as ranks(rank)
                                        cross join lateral (
                                            select step, at from (
                                                (select step, at from step_metrics
                                                    where run_id = :runId and stage_id = :stageId
                                                        and rank = ranks.rank
                                                    order by step desc limit 1)
                                                union all
                                                (select step, at from step_metrics
                                                    where run_id = :runId and stage_id = :stageId
                                                        and rank = ranks.rank and not rolled_back
                                                    order by step desc limit 1)) as furthest
                                            order by at desc limit 1) as newest
                                        order by ranks.rank
                                        """)
                                .bind("runId", runId)
                                .bind("stageId", stageId)
                                .bind("ranks", ranks)
                                .map(
                                        (row, context) ->
                                                new LastStep(
                                                        row.getInt("rank"),
                                                        row.getLong("step"),
                                                        Columns.instant(row, "at")))
                                .list());
    }

    @Override
    public List<EvaluationRow> evaluations(String runId, String stageId) {
        return database.call(
                handle ->
                        handle.createQuery(
                                        """
                                        select * from evaluations
                                        where run_id = :runId and stage_id = :stageId
                                            and not rolled_back
                                        order by step, dataset
                                        """)
                                .bind("runId", runId)
                                .bind("stageId", stageId)
                                .map(
                                        (row, context) ->
                                                new EvaluationRow(
                                                        row.getLong("step"),
                                                        row.getString("dataset"),
                                                        row.getDouble("loss"),
                                                        row.getDouble("perplexity"),
                                                        row.getLong("tokens")))
                                .list());
    }

    static Map.Entry<String, StepRow> stepOfRun(ResultSet row) throws SQLException {
        return Map.entry(row.getString("run_id"), step(row));
    }

    static StepRow step(ResultSet row) throws SQLException {
        return new StepRow(
                row.getLong("step"),
                row.getInt("rank"),
                row.getInt("attempt"),
                row.getString("phase_id"),
                row.getBoolean("rolled_back"),
                row.getString("batch_hash"),
                figures(row.getString("figures")),
                Columns.instant(row, "at"));
    }

    static Map<String, Double> figures(String json) {
        try {
            return Json.mapper().readValue(json, FIGURES);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the registry wrote these figures itself", e);
        }
    }
}
