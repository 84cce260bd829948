package dev.tanren.activities.registry;

import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.StageState;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Runs;
import dev.tanren.storage.registry.Runs.Projected;
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
    public Standing standing(StandingQuery query) {
        Map<String, StageState> stages = new LinkedHashMap<>();
        registry.runs()
                .stages(query.runId())
                .forEach(stage -> stages.put(stage.stageId(), stage.status()));
        return new Standing(query, stages);
    }

    @Override
    public TrainedOn fix(FixRequest request) {
        TrainedOn fixed = registry.inputs().fix(request.runId(), request.trainedOn());
        append(
                request.runId(),
                "inputs.fixed",
                null,
                "what the run trains on is fixed: " + shown(fixed),
                Map.of("trainedOn", Json.mapper().convertValue(fixed, Map.class)),
                "inputs.fixed");
        return fixed;
    }

    private static String shown(TrainedOn fixed) {
        StringBuilder shown = new StringBuilder();
        TrainedOn.Base base = fixed.model().base();
        shown.append(base == null ? "fresh weights" : "base " + base.sha256());
        TrainedOn.Tokenizer tokenizer = fixed.model().tokenizer();
        if (tokenizer != null) {
            shown.append(", tokenizer ").append(tokenizer.sha256());
        }
        fixed.datasets()
                .forEach(
                        (name, data) ->
                                shown.append(", dataset '")
                                        .append(name)
                                        .append("' ")
                                        .append(data.contentHash()));
        return shown.toString();
    }

    @Override
    public Recorded recordStatus(StatusChange change) {
        Failure failure = change.failure();
        String reason = change.reason();
        Projected projected =
                registry.runs()
                        .project(
                                change.runId(),
                                change.version(),
                                change.status(),
                                reason,
                                failure == null
                                        ? null
                                        : new Runs.Failure(
                                                failure.code(),
                                                failure.what(),
                                                failure.where(),
                                                failure.mend()));
        if (projected != Projected.LATE) {
            append(
                    change.runId(),
                    eventType(change),
                    null,
                    "the run is " + change.status().key() + (reason == null ? "" : ": " + reason),
                    data(failure),
                    key(change.version()));
        }
        return Recorded.of(change.version());
    }

    @Override
    public Recorded recordStage(StageChange change) {
        StageState state = change.status();
        Projected projected =
                registry.runs()
                        .projectStage(change.runId(), change.stageId(), change.version(), state);
        String reason = change.reason();
        if (projected != Projected.LATE) {
            append(
                    change.runId(),
                    state == StageState.RUNNING ? "stage.started" : "stage." + state.key(),
                    change.stageId(),
                    "stage "
                            + change.stageId()
                            + " is "
                            + state.key()
                            + (reason == null ? "" : ": " + reason),
                    data(change.failure()),
                    key(change.version()));
        }
        return Recorded.of(change.version());
    }

    @Override
    public Recorded recordEvent(EventEntry event) {
        append(
                event.runId(),
                event.type(),
                event.stageId(),
                event.message(),
                event.data(),
                event.key());
        return Recorded.of(event);
    }

    @Override
    public Recorded recordRequest(RequestEntry request) {
        registry.audit()
                .append(
                        AuditRecord.of(
                                        request.actor(),
                                        "run." + request.action(),
                                        "run/" + request.runId())
                                .because(request.reason())
                                .changing(
                                        Map.of("state", request.before().key()),
                                        Map.of("state", request.after().key()))
                                .once("request/" + request.id()));
        return new Recorded(request.id());
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
        return new LastEvaluation(query, metrics, committed);
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

    /// The same for every try of one change, whichever worker makes it.
    private static String key(RunVersion version) {
        return "change/" + version.execution() + "/" + version.sequence();
    }

    private static String eventType(StatusChange change) {
        if (change.status() != RunState.RUNNING) {
            return "run." + change.status().key();
        }
        return change.before() == RunState.QUEUED ? "run.started" : "run.resumed";
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
