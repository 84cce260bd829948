package dev.tanren.controlplane.diagnosis;

import dev.tanren.controlplane.api.RunDiagnosis;
import dev.tanren.controlplane.api.Situation;
import dev.tanren.controlplane.run.Recoveries;
import dev.tanren.controlplane.run.RunFinder;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.controlplane.situation.Situations;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.diagnosis.Diagnosis;
import dev.tanren.plan.diagnosis.StepTimes;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
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
    private final Recoveries recoveries;
    private final Situations situations;

    DiagnosisResource(
            PostgresRegistry registry,
            RunFinder finder,
            Recoveries recoveries,
            Situations situations) {
        this.registry = registry;
        this.finder = finder;
        this.recoveries = recoveries;
        this.situations = situations;
    }

    /// @param stage null means the stage at work
    @GET
    @RolesAllowed(Roles.VIEWER)
    public RunDiagnosis diagnosis(
            @PathParam("id") String id, @QueryParam("stage") @Nullable String stage) {
        Run run = finder.run(id);
        Situation situation = situation(run);
        if (stage == null
                && RunFinder.plan(run).stages().stream()
                        .noneMatch(TrainingStage.class::isInstance)) {
            return without(null, situation);
        }
        String stageId = finder.stage(run, stage).stageId();
        List<StepRow> rows = registry.metrics().newestSteps(id, stageId, STEPS);
        if (rows.isEmpty()) {
            return without(stageId, situation);
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
        boolean ofNow = situation.training() || run.status() == RunState.SUCCEEDED;
        return new RunDiagnosis(
                stageId,
                situation,
                rows.getFirst().step(),
                rows.getLast().step(),
                ofNow ? diagnosis.bottleneck().word() : null,
                ofNow ? diagnosis.evidence() : null,
                ofNow ? diagnosis.mend() : null,
                diagnosis.shares(),
                ranks.stream()
                        .map(RunDiagnosis.Rank::secondsPerStep)
                        .max(Comparator.naturalOrder())
                        .orElse(null),
                limit.orElse(null),
                utilisation(byRank.values()),
                ranks);
    }

    private static RunDiagnosis without(@Nullable String stage, Situation situation) {
        return new RunDiagnosis(
                stage, situation, 0, 0, null, null, null, Map.of(), null, null, null, List.of());
    }

    /// What a retry or resume would really do is looked for where one may be asked for. A store
    /// that does not answer keeps nobody from being told the rest.
    private Situation situation(Run run) {
        boolean decided =
                RunAction.RETRY.allowedIn(run.status()) || RunAction.RESUME.allowedIn(run.status());
        if (!decided) {
            return situations.of(run);
        }
        try {
            return situations.of(run, recoveries.of(run));
        } catch (TanrenException e) {
            if (e.failureClass() != FailureClass.STORAGE) {
                throw e;
            }
            return situations.of(run);
        }
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
