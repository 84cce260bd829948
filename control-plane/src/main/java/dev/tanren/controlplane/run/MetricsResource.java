package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.RunMetrics;
import dev.tanren.controlplane.api.RunMetrics.EvaluationPoint;
import dev.tanren.controlplane.endpoint.Answer;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.controlplane.situation.RecentSteps;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.StageRow;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Figures of a run's stages.
@Path("/api/v1/runs/{id}/metrics")
public class MetricsResource {

    private static final String CSV = "text/csv";
    private static final int MOST_POINTS = 100_000;

    private final PostgresRegistry registry;
    private final RunFinder finder;

    MetricsResource(PostgresRegistry registry, RunFinder finder) {
        this.registry = registry;
        this.finder = finder;
    }

    /// @param stage null means the stage at work
    /// @param from first step
    /// @param points at most so many steps, thinned so that the smallest and largest values of
    ///     every series stay
    /// @param format `json` or `csv`
    @GET
    @RolesAllowed(Roles.VIEWER)
    @Produces({MediaType.APPLICATION_JSON, CSV})
    @Answer(description = "The series", of = RunMetrics.class)
    @Answer(description = "The series", of = String.class, types = CSV)
    public Response metrics(
            @PathParam("id") String id,
            @QueryParam("stage") @Nullable String stage,
            @QueryParam("from") @DefaultValue("1") String from,
            @QueryParam("points") @DefaultValue("1000") String points,
            @QueryParam("format") @DefaultValue("json") String format) {
        StageRow row = finder.stage(finder.run(id), stage);
        List<StepRow> steps =
                registry.metrics()
                        .steps(
                                id,
                                row.stageId(),
                                number("from", from, Integer.MAX_VALUE),
                                (int) number("points", points, MOST_POINTS));
        return switch (format) {
            case "json" ->
                    Response.ok(view(row.stageId(), steps, evaluations(id, row.stageId())))
                            .type(MediaType.APPLICATION_JSON)
                            .build();
            case "csv" ->
                    Response.ok(csv(steps))
                            .type(CSV + ";charset=UTF-8")
                            .header(
                                    "Content-Disposition",
                                    "attachment; filename=\"" + id + "-" + row.stageId() + ".csv\"")
                            .build();
            default -> throw RunsResource.malformed("format", "json or csv");
        };
    }

    private Map<String, List<EvaluationPoint>> evaluations(String id, String stage) {
        return registry.metrics().evaluations(id, stage).stream()
                .collect(
                        Collectors.groupingBy(
                                EvaluationRow::dataset,
                                TreeMap::new,
                                Collectors.mapping(
                                        row ->
                                                new EvaluationPoint(
                                                        row.step(), row.loss(), row.perplexity()),
                                        Collectors.toList())));
    }

    private static RunMetrics view(
            String stage, List<StepRow> steps, Map<String, List<EvaluationPoint>> evaluations) {
        Map<String, List<@Nullable Double>> series = new LinkedHashMap<>();
        for (String name : names(steps)) {
            List<@Nullable Double> values = new ArrayList<>();
            steps.forEach(step -> values.add(value(step, name)));
            series.put(name, values);
        }
        return new RunMetrics(
                stage,
                steps.stream().map(StepRow::step).toList(),
                steps.stream().map(StepRow::rolledBack).toList(),
                steps.stream().map(StepRow::attempt).toList(),
                series,
                evaluations);
    }

    private static SortedSet<String> names(List<StepRow> steps) {
        TreeSet<String> names = new TreeSet<>();
        steps.forEach(step -> names.addAll(step.values().keySet()));
        if (!steps.isEmpty()) {
            names.add("tokensPerSecond");
        }
        return names;
    }

    private static @Nullable Double value(StepRow step, String name) {
        if (name.equals("tokensPerSecond")) {
            Double tokens = step.values().get("tokens");
            Double seconds = step.values().get("seconds.total");
            return tokens == null || seconds == null || seconds <= 0 ? null : tokens / seconds;
        }
        return RecentSteps.finite(step.values().get(name));
    }

    private static String csv(List<StepRow> steps) {
        SortedSet<String> names = names(steps);
        StringBuilder text = new StringBuilder("step,phase,attempt,rolledBack,at");
        names.forEach(name -> text.append(',').append(name));
        text.append("\r\n");
        for (StepRow step : steps) {
            text.append(step.step())
                    .append(',')
                    .append(step.phaseId())
                    .append(',')
                    .append(step.attempt())
                    .append(',')
                    .append(step.rolledBack())
                    .append(',')
                    .append(step.at());
            for (String name : names) {
                Double value = value(step, name);
                text.append(',').append(value == null ? "" : value.toString());
            }
            text.append("\r\n");
        }
        return text.toString();
    }

    private static long number(String name, String text, long most) {
        if (!text.matches("\\d{1,9}") || Long.parseLong(text) < 1 || Long.parseLong(text) > most) {
            throw RunsResource.malformed(name, "a whole number from 1 to " + most);
        }
        return Long.parseLong(text);
    }
}
