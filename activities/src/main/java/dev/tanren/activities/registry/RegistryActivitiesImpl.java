package dev.tanren.activities.registry;

import dev.tanren.spec.json.Json;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.RunStatus;
import dev.tanren.storage.registry.Runs;
import dev.tanren.workflows.activity.RegistryActivities;
import dev.tanren.workflows.failure.Failure;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityInfo;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// See [RegistryActivities].
public final class RegistryActivitiesImpl implements RegistryActivities {

    private final Registry registry;

    public RegistryActivitiesImpl(Registry registry) {
        this.registry = registry;
    }

    @Override
    public Standing standing(String runId) {
        Map<String, String> stages = new LinkedHashMap<>();
        registry.runs()
                .stages(runId)
                .forEach(stage -> stages.put(stage.stageId(), stage.status().key()));
        return new Standing(stages);
    }

    @Override
    public void recordStatus(StatusChange change) {
        RunStatus status = RunStatus.of(change.status());
        Failure failure = change.failure();
        String type = eventType(change.runId(), status);
        registry.runs()
                .setStatus(
                        change.runId(),
                        status,
                        change.reason(),
                        failure == null
                                ? null
                                : new Runs.Failure(
                                        failure.code(),
                                        failure.what(),
                                        failure.where(),
                                        failure.mend()));
        String reason = change.reason();
        append(
                change.runId(),
                type,
                null,
                "the run is " + status.key() + (reason == null ? "" : ": " + reason),
                data(failure),
                null);
    }

    @Override
    public void recordStage(StageChange change) {
        RunStatus status = RunStatus.of(change.status());
        registry.runs().setStageStatus(change.runId(), change.stageId(), status);
        String reason = change.reason();
        append(
                change.runId(),
                status == RunStatus.RUNNING ? "stage.started" : "stage." + status.key(),
                change.stageId(),
                "stage "
                        + change.stageId()
                        + " is "
                        + status.key()
                        + (reason == null ? "" : ": " + reason),
                data(change.failure()),
                null);
    }

    @Override
    public void recordEvent(EventEntry event) {
        append(
                event.runId(),
                event.type(),
                event.stageId(),
                event.message(),
                event.data(),
                event.key());
    }

    @Override
    public void recordRequest(RequestEntry request) {
        registry.audit()
                .append(
                        request.actor(),
                        "run." + request.action(),
                        "run/" + request.runId(),
                        request.reason(),
                        Json.write(Map.of("key", callKey())));
    }

    @Override
    public LastEvaluation lastEvaluation(EvaluationQuery query) {
        List<EvaluationRow> rows =
                registry.metrics().evaluations(query.runId(), query.stageId()).stream()
                        .filter(row -> row.step() <= query.uptoStep())
                        .toList();
        long newest = rows.stream().mapToLong(EvaluationRow::step).max().orElse(0);
        Map<String, Double> metrics = new LinkedHashMap<>();
        rows.stream()
                .filter(row -> row.step() == newest)
                .forEach(
                        row -> {
                            metrics.put(row.dataset() + ".loss", row.loss());
                            metrics.put(row.dataset() + ".perplexity", row.perplexity());
                        });
        long committed =
                registry.checkpoints().list(query.runId(), query.stageId()).stream()
                        .mapToLong(Checkpoints.Row::step)
                        .max()
                        .orElse(0);
        return new LastEvaluation(metrics, committed);
    }

    private void append(
            String runId,
            String type,
            @Nullable String stageId,
            String message,
            Map<String, Object> data,
            @Nullable String key) {
        registry.events()
                .append(runId, type, stageId, message, data, key == null ? callKey() : key);
    }

    /// The same for every try of one call.
    private static String callKey() {
        ActivityInfo info = Activity.getExecutionContext().getInfo();
        return info.getWorkflowRunId() + "/" + info.getActivityId();
    }

    private String eventType(String runId, RunStatus status) {
        if (status != RunStatus.RUNNING) {
            return "run." + status.key();
        }
        boolean paused =
                registry.runs()
                        .find(runId)
                        .map(Runs.Run::status)
                        .filter(before -> before == RunStatus.PAUSED || before == RunStatus.PAUSING)
                        .isPresent();
        return paused ? "run.resumed" : "run.started";
    }

    private static Map<String, Object> data(@Nullable Failure failure) {
        return failure == null
                ? Map.of()
                : Map.of(
                        "code", failure.code(),
                        "what", failure.what(),
                        "where", failure.where(),
                        "mend", failure.mend());
    }
}
