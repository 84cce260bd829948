package dev.tanren.controlplane.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.controlplane.api.CheckpointView;
import dev.tanren.controlplane.api.RunDetail;
import dev.tanren.controlplane.api.RunDetail.FailureView;
import dev.tanren.controlplane.api.RunDetail.PhaseView;
import dev.tanren.controlplane.api.RunDetail.StageView;
import dev.tanren.controlplane.api.RunSummary;
import dev.tanren.controlplane.security.Caller;
import dev.tanren.controlplane.situation.RecentSteps;
import dev.tanren.controlplane.situation.Situations;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.run.RunAction;
import dev.tanren.spec.run.RunState;
import dev.tanren.spec.timetable.Timetable;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Failure;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import dev.tanren.storage.registry.Tokens.Role;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Puts together what the API shows of a run.
@Singleton
public class RunViews {

    private static final int TREND_POINTS = 40;

    private final PostgresRegistry registry;
    private final Situations situations;

    RunViews(PostgresRegistry registry, Situations situations) {
        this.registry = registry;
        this.situations = situations;
    }

    public RunSummary summary(Run run, Caller caller) {
        return summary(
                run,
                caller,
                registry.runs().stages(run.runId()),
                registry.attempts().list(run.runId()));
    }

    public RunDetail detail(Run run, Caller caller) {
        List<StageRow> stages = registry.runs().stages(run.runId());
        List<Attempt> attempts = registry.attempts().list(run.runId());
        Plan plan = RunFinder.plan(run);
        DatasetViews datasets = DatasetViews.of(registry.events(), run.runId());
        return new RunDetail(
                summary(run, caller, stages, attempts),
                situations.of(run),
                failure(run.failure()),
                stages.stream().map(stage -> stage(stage, plan)).toList(),
                AttemptViews.of(attempts, registry, run.runId()),
                datasets.prepared(),
                run.status().terminal() ? List.of() : datasets.preparing(),
                tree(run.planJson()),
                run.submitted() == null ? null : run.submitted().text(),
                run.submitted() == null ? null : run.submitted().mediaType());
    }

    private RunSummary summary(
            Run run, Caller caller, List<StageRow> stages, List<Attempt> attempts) {
        Optional<StageRow> stage =
                stages.stream().filter(row -> row.stageId().equals(run.currentStage())).findFirst();
        boolean trains = stage.isPresent() && stage.get().totalSteps() > 0;
        RecentSteps recent =
                trains
                        ? RecentSteps.of(
                                registry.metrics(),
                                run.runId(),
                                stage.get().stageId(),
                                stage.get().step())
                        : RecentSteps.NONE;
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
                trains ? trend(run.runId(), stage.get().stageId()) : List.of(),
                recent.tokensPerSecond(),
                trains ? eta(run.status(), stage.get(), recent) : null,
                attempts.size(),
                actions(run.status(), caller),
                run.createdAt(),
                run.startedAt(),
                run.finishedAt());
    }

    /// A run at work has the reason that its newest attempt waits for, if it does.
    private static @Nullable String reason(Run run, List<Attempt> attempts) {
        if (run.reason() != null || run.status() != RunState.RUNNING || attempts.isEmpty()) {
            return run.reason();
        }
        Attempt newest = attempts.getLast();
        return newest.endedAt() == null ? newest.reason() : null;
    }

    private static @Nullable Double eta(RunState status, StageRow stage, RecentSteps recent) {
        return status.terminal() || recent.secondsPerStep() == null
                ? null
                : (stage.totalSteps() - stage.step()) * recent.secondsPerStep();
    }

    private List<Double> trend(String runId, String stageId) {
        return registry.metrics().trend(runId, stageId, "loss", TREND_POINTS).stream()
                .map(row -> RecentSteps.finite(row.values().get("loss")))
                .filter(Objects::nonNull)
                .toList();
    }

    private static List<String> actions(RunState status, Caller caller) {
        return caller.may(Role.OPERATOR)
                ? status.actions().stream().map(RunAction::key).toList()
                : List.of();
    }

    private static @Nullable FailureView failure(@Nullable Failure failure) {
        if (failure == null) {
            return null;
        }
        ErrorCode code = code(failure.code());
        return new FailureView(
                code.code(),
                code.failureClass().name().toLowerCase(Locale.ROOT),
                code.retryable(),
                failure.what(),
                failure.where(),
                failure.mend());
    }

    /// A newer worker may know codes that this server does not.
    private static ErrorCode code(String name) {
        try {
            return ErrorCode.valueOf(name);
        } catch (IllegalArgumentException e) {
            return ErrorCode.INTERNAL;
        }
    }

    private StageView stage(StageRow row, Plan plan) {
        List<PhaseView> phases =
                plan.stage(row.stageId())
                        .filter(TrainingStage.class::isInstance)
                        .map(stage -> phases((TrainingStage) stage))
                        .orElse(List.of());
        return new StageView(
                row.stageId(),
                row.type(),
                row.status().key(),
                row.phaseId(),
                row.step(),
                row.totalSteps(),
                phases,
                row.totalSteps() == 0 ? null : latestCheckpoint(row),
                row.resultJson() == null ? null : tree(row.resultJson()),
                row.startedAt(),
                row.finishedAt());
    }

    private @Nullable CheckpointView latestCheckpoint(StageRow row) {
        return registry.checkpoints().list(row.runId(), row.stageId()).stream()
                .findFirst()
                .map(CheckpointViews::of)
                .orElse(null);
    }

    private static List<PhaseView> phases(TrainingStage stage) {
        return Timetable.of(stage).entries().stream()
                .map(
                        entry ->
                                new PhaseView(
                                        entry.phase().id(),
                                        entry.firstStep(),
                                        entry.lastStep(),
                                        entry.phase().sequenceLength()))
                .toList();
    }

    private static JsonNode tree(String json) {
        try {
            return Json.mapper().readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the registry holds JSON there", e);
        }
    }
}
