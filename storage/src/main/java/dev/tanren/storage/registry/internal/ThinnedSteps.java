package dev.tanren.storage.registry.internal;

import dev.tanren.storage.registry.Metrics.StageKey;
import dev.tanren.storage.registry.Metrics.StepRow;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jdbi.v3.core.Handle;

/// Some of a stage's steps for a chart: of each of a number of equal parts of the stage the steps
/// at which a series is smallest and largest, for every series that steps have, and the newest
/// step. So a jump of one step is in the chart however many steps there are. Points that are left
/// go to steps at equal distances.
///
/// @param fromStep first step
/// @param points at most so many
record ThinnedSteps(long fromStep, int points) {

    /// These come first where there are not points enough for all.
    private static final List<String> FIRST = List.of("loss", "gradientNorm");

    /// Not recorded, but shown: of a step's tokens and its time.
    private static final String SPEED = "tokensPerSecond";

    private static final String QUERY =
            """
            select shown.* from unnest(:runIds, :stageIds) as wanted(run_id, stage_id),
            lateral (with counted as (
                select *, count(*) over () as rows, row_number() over (order by step) - 1 as place
                from step_metrics
                where run_id = wanted.run_id and stage_id = wanted.stage_id and rank = 0
                    and step >= :fromStep),
            figures as (
                select step, place * :buckets / rows as bucket, each.key as name,
                    each.value::float8 as value
                from counted, jsonb_each_text(counted.figures::jsonb) as each
                where rows > :points and each.value ~ '^-?[0-9]'),
            speeds as (
                select tokens.step, tokens.bucket, :speed as name, tokens.value / seconds.value as value
                from figures tokens join figures seconds using (step)
                where tokens.name = 'tokens' and seconds.name = 'seconds.total'
                    and seconds.value > 0),
            extremes as (
                select min(array[value, step::float8]) as smallest,
                    max(array[value, -step::float8]) as largest
                from (select * from figures union all select * from speeds) as all_figures
                where name = any(:names)
                group by bucket, name),
            chosen as (
                select smallest[2]::bigint as step from extremes
                union select -largest[2]::bigint from extremes),
            candidates as (
                select *, rows <= :points or place = rows - 1
                        or step in (select step from chosen) as kept,
                    place * :points / rows > (place - 1) * :points / rows as even
                from counted),
            taken as (
                select * from candidates where kept or even
                order by kept desc, hashint8(step), step limit :points)
            select * from taken) as shown
            order by run_id, step
            """;

    /// In the order of the steps, with those series kept that the stage's newest step has.
    List<StepRow> read(Handle handle, StageKey stage) {
        return read(handle, List.of(stage), allSeries(handle, stage))
                .getOrDefault(stage.runId(), List.of());
    }

    /// By run and in the order of the steps, of one stage of each run.
    ///
    /// @param names of the series whose extremes are kept
    Map<String, List<StepRow>> read(
            Handle handle, Collection<StageKey> stages, List<String> names) {
        int kept = Math.min(names.size(), (points - 1) / 2);
        int buckets = kept == 0 ? 1 : Math.max(1, (points - 1) / (2 * kept));
        return handle.createQuery(QUERY)
                .bindArray("runIds", String.class, stages.stream().map(StageKey::runId).toArray())
                .bindArray(
                        "stageIds", String.class, stages.stream().map(StageKey::stageId).toArray())
                .bind("fromStep", fromStep)
                .bind("points", points)
                .bind("buckets", buckets)
                .bind("speed", SPEED)
                .bindArray("names", String.class, names.subList(0, kept))
                .map((row, context) -> PostgresMetrics.stepOfRun(row))
                .collect(PostgresMetrics.BY_RUN);
    }

    /// Those of the newest step, the most looked at first.
    private static List<String> allSeries(Handle handle, StageKey stage) {
        Map<String, Double> newest =
                handle.createQuery(
                                """
                                select figures from step_metrics
                                where run_id = :runId and stage_id = :stageId and rank = 0
                                order by step desc limit 1
                                """)
                        .bind("runId", stage.runId())
                        .bind("stageId", stage.stageId())
                        .map((row, context) -> PostgresMetrics.figures(row.getString("figures")))
                        .findFirst()
                        .orElse(Map.of());
        List<String> names = new ArrayList<>(FIRST);
        names.retainAll(newest.keySet());
        TreeSet<String> others = new TreeSet<>(newest.keySet());
        FIRST.forEach(others::remove);
        if (newest.containsKey("tokens") && newest.containsKey("seconds.total")) {
            others.add(SPEED);
        }
        names.addAll(others);
        return names;
    }
}
