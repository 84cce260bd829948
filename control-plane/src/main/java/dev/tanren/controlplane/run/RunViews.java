package dev.tanren.controlplane.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.controlplane.api.CheckpointView;
import dev.tanren.controlplane.api.RunDetail;
import dev.tanren.controlplane.api.RunDetail.FailureView;
import dev.tanren.controlplane.api.RunDetail.PhaseView;
import dev.tanren.controlplane.api.RunDetail.StageView;
import dev.tanren.controlplane.security.Caller;
import dev.tanren.controlplane.situation.Situations;
import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Failure;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Puts together what the API shows of a run.
@Singleton
public class RunViews {

    private final PostgresRegistry registry;
    private final RunSummaries summaries;
    private final Situations situations;

    RunViews(PostgresRegistry registry, RunSummaries summaries, Situations situations) {
        this.registry = registry;
        this.summaries = summaries;
        this.situations = situations;
    }

    public RunDetail detail(Run run, Caller caller) {
        List<StageRow> stages = registry.runs().stages(run.runId());
        List<Attempt> attempts = registry.attempts().list(run.runId());
        Plan plan = RunFinder.plan(run);
        DatasetViews datasets = DatasetViews.of(registry.events(), run.runId());
        return new RunDetail(
                summaries.of(run, caller),
                situations.of(run),
                failure(run.failure()),
                stages.stream().map(stage -> stage(stage, plan)).toList(),
                AttemptViews.of(attempts, registry, run.runId()),
                datasets.prepared(),
                run.status().terminal() ? List.of() : datasets.preparing(),
                tree(run.planJson()),
                run.submitted() == null ? null : run.submitted().text(),
                run.submitted() == null ? null : run.submitted().mediaType(),
                RunDetail.Links.of(run.runId()));
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
