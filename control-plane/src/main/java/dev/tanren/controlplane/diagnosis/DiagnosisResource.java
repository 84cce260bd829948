package dev.tanren.controlplane.diagnosis;

import dev.tanren.controlplane.api.RunDiagnosis;
import dev.tanren.controlplane.run.RunFinder;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.spec.diagnosis.Diagnosis;
import dev.tanren.spec.diagnosis.StepTimes;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.PostgresRegistry;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Where the time of a run's steps goes.
@Path("/api/v1/runs/{id}/diagnosis")
public class DiagnosisResource {

    /// Enough to even out saves and evaluations, few enough to be about now.
    private static final int STEPS = 100;

    private final PostgresRegistry registry;
    private final RunFinder finder;

    DiagnosisResource(PostgresRegistry registry, RunFinder finder) {
        this.registry = registry;
        this.finder = finder;
    }

    /// @param stage null means the stage at work
    @GET
    @RolesAllowed(Roles.VIEWER)
    public RunDiagnosis diagnosis(
            @PathParam("id") String id, @QueryParam("stage") @Nullable String stage) {
        String stageId = finder.stage(finder.run(id), stage).stageId();
        List<StepRow> rows = registry.metrics().newestSteps(id, stageId, STEPS);
        if (rows.isEmpty()) {
            return new RunDiagnosis(
                    stageId, 0, 0, null, null, null, Map.of(), null, null, null, List.of());
        }
        Map<Integer, List<StepRow>> byRank =
                rows.stream()
                        .collect(
                                Collectors.groupingBy(
                                        StepRow::rank, TreeMap::new, Collectors.toList()));
        List<StepTimes> times = new ArrayList<>();
        List<RunDiagnosis.Rank> ranks = new ArrayList<>();
        byRank.forEach(
                (rank, steps) -> {
                    StepTimes own = times(rank, steps);
                    times.add(own);
                    ranks.add(
                            new RunDiagnosis.Rank(
                                    rank,
                                    own.total() / own.steps(),
                                    own.shares(),
                                    (long) largest(steps, "residentBytes")));
                });
        Optional<Long> limit =
                new RankMemory(registry).limit(id, stageId, rows.getFirst().attempt());
        Diagnosis diagnosis =
                Diagnosis.of(
                        times,
                        limit.map(bytes -> new Diagnosis.Memory(fullest(ranks), bytes))
                                .orElse(null));
        return new RunDiagnosis(
                stageId,
                rows.getFirst().step(),
                rows.getLast().step(),
                diagnosis.bottleneck().word(),
                diagnosis.evidence(),
                diagnosis.mend(),
                diagnosis.shares(),
                ranks.stream()
                        .map(RunDiagnosis.Rank::secondsPerStep)
                        .max(Comparator.naturalOrder())
                        .orElse(null),
                limit.orElse(null),
                utilisation(byRank.values()),
                ranks);
    }

    private static long fullest(List<RunDiagnosis.Rank> ranks) {
        return ranks.stream().mapToLong(RunDiagnosis.Rank::peakResidentBytes).max().orElseThrow();
    }

    private static @Nullable Double utilisation(Collection<List<StepRow>> ranks) {
        List<Double> means =
                ranks.stream()
                        .map(
                                steps ->
                                        steps.stream()
                                                .map(step -> step.values().get("mfu"))
                                                .filter(Objects::nonNull)
                                                .toList())
                        .filter(values -> !values.isEmpty())
                        .map(
                                values ->
                                        values.stream().mapToDouble(Double::doubleValue).sum()
                                                / values.size())
                        .toList();
        return means.stream().min(Comparator.naturalOrder()).orElse(null);
    }

    private static StepTimes times(int rank, List<StepRow> steps) {
        return new StepTimes(
                rank,
                steps.size(),
                sum(steps, "seconds.data"),
                sum(steps, "seconds.copy"),
                sum(steps, "seconds.forward"),
                sum(steps, "seconds.backward"),
                sum(steps, "seconds.communication"),
                sum(steps, "seconds.optimizer"),
                sum(steps, "seconds.checkpoint"),
                Math.max(Double.MIN_NORMAL, sum(steps, "seconds.total")));
    }

    private static double sum(List<StepRow> steps, String name) {
        return steps.stream().mapToDouble(step -> step.values().getOrDefault(name, 0.0)).sum();
    }

    private static double largest(List<StepRow> steps, String name) {
        return steps.stream()
                .mapToDouble(step -> step.values().getOrDefault(name, 0.0))
                .max()
                .orElse(0);
    }
}
