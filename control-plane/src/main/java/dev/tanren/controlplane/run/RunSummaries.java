package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.RunSummary;
import dev.tanren.controlplane.security.Caller;
import dev.tanren.controlplane.situation.RecentSteps;
import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.Attempts.Tally;
import dev.tanren.storage.registry.Metrics.StageKey;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import dev.tanren.storage.registry.Tokens.Role;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Runs as lists show them. Many take as many queries as one.
@Singleton
public class RunSummaries {

    private static final int TREND_POINTS = 40;

    private final PostgresRegistry registry;

    RunSummaries(PostgresRegistry registry) {
        this.registry = registry;
    }

    public RunSummary of(Run run, Caller caller) {
        return of(List.of(run), caller).getFirst();
    }

    /// In the order of the runs.
    public List<RunSummary> of(List<Run> runs, Caller caller) {
        List<String> ids = runs.stream().map(Run::runId).toList();
        Map<String, List<StageRow>> stages = registry.runs().stages(ids);
        Map<String, Tally> attempts = registry.attempts().tallies(ids);
        Map<StageKey, Long> training = training(runs, stages);
        Map<String, List<StepRow>> recent = RecentSteps.read(registry.metrics(), training);
        Map<String, List<StepRow>> trends =
                registry.metrics().trends(training.keySet(), "loss", TREND_POINTS);
        return runs.stream()
                .map(
                        run ->
                                summary(
                                        run,
                                        caller,
                                        stages.getOrDefault(run.runId(), List.of()),
                                        attempts.getOrDefault(run.runId(), Tally.NONE),
                                        RecentSteps.of(recent.getOrDefault(run.runId(), List.of())),
                                        trends.getOrDefault(run.runId(), List.of())))
                .toList();
    }

    /// The current stages that train, each with the step at which it stands.
    private static Map<StageKey, Long> training(
            List<Run> runs, Map<String, List<StageRow>> stages) {
        Map<StageKey, Long> training = new HashMap<>();
        for (Run run : runs) {
            current(run, stages.getOrDefault(run.runId(), List.of()))
                    .filter(stage -> stage.totalSteps() > 0)
                    .ifPresent(
                            stage ->
                                    training.put(
                                            new StageKey(run.runId(), stage.stageId()),
                                            stage.step()));
        }
        return training;
    }

    private static Optional<StageRow> current(Run run, List<StageRow> stages) {
        return stages.stream().filter(row -> row.stageId().equals(run.currentStage())).findFirst();
    }

    private static RunSummary summary(
            Run run,
            Caller caller,
            List<StageRow> stages,
            Tally attempts,
            RecentSteps recent,
            List<StepRow> trend) {
        Optional<StageRow> stage = current(run, stages);
        boolean trains = stage.isPresent() && stage.get().totalSteps() > 0;
        return new RunSummary(
                run.runId(),
                run.name(),
                run.status().key(),
                reason(run, attempts),
                run.owner(),
                run.currentStage(),
                stage.map(row -> row.position() + 1).orElse(0),
                stages.size(),
                stage.map(StageRow::phaseId).orElse(null),
                stage.map(StageRow::step).orElse(0L),
                stage.map(StageRow::totalSteps).orElse(0L),
                recent.loss(),
                recent.zLoss(),
                losses(trend),
                recent.tokensPerSecond(),
                trains ? eta(run.status(), stage.get(), recent) : null,
                attempts.attempts(),
                actions(run.status(), caller),
                run.createdAt(),
                run.startedAt(),
                run.finishedAt());
    }

    /// A run at work has the reason that its newest attempt waits for, if it does.
    private static @Nullable String reason(Run run, Tally attempts) {
        return run.reason() != null || run.status() != RunState.RUNNING
                ? run.reason()
                : attempts.waitsFor();
    }

    private static @Nullable Double eta(RunState status, StageRow stage, RecentSteps recent) {
        return status.terminal() || recent.secondsPerStep() == null
                ? null
                : (stage.totalSteps() - stage.step()) * recent.secondsPerStep();
    }

    private static List<Double> losses(List<StepRow> trend) {
        return trend.stream()
                .map(row -> RecentSteps.finite(row.values().get("loss")))
                .filter(Objects::nonNull)
                .toList();
    }

    private static List<String> actions(RunState status, Caller caller) {
        return caller.may(Role.OPERATOR)
                ? status.actions().stream().map(RunAction::key).toList()
                : List.of();
    }
}
