package dev.tanren.activities.gang.internal;

import dev.tanren.activities.attempt.SkippedSteps;
import dev.tanren.launch.Report;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.planner.StageUtilisation;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.Registry;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes what ranks report into the registry, in batches and in order.
public final class GangRecorder implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(GangRecorder.class);
    private static final int LARGEST_BATCH = 500;
    private static final long LONGEST_WAIT_NANOS = 200_000_000;

    private final Registry registry;
    private final GangRequest request;
    private final SerialWriter writer =
            new SerialWriter(
                    "recorder",
                    error -> LOG.error("figures are not recorded: {}", error.getMessage()));
    private final TrainingStage stage;
    private final Map<Integer, StageUtilisation> utilisations = new HashMap<>();
    private List<StepRow> batch = new ArrayList<>();
    private long reached;
    private long flushedAt = System.nanoTime();
    private long awaitedSave;

    public GangRecorder(Registry registry, GangRequest request) {
        this.registry = registry;
        this.request = request;
        this.stage = (TrainingStage) request.plan().stage(request.stageId()).orElseThrow();
        this.reached = request.resumeStep();
    }

    /// Records where the ranks of the attempt run.
    public void launched(String worker, int ranks) {
        writer.submit(() -> registry.attempts().launched(request.fencingToken(), worker));
        event(
                "attempt.started",
                "",
                "attempt %d starts %d ranks after step %d"
                        .formatted(request.attempt(), ranks, request.resumeStep()),
                Map.of("worker", worker, "ranks", ranks, "resumeStep", request.resumeStep()));
    }

    public void ready(Report.Ready ready) {
        if (ready.device() != null) {
            StageUtilisation.of(stage, request.architecture(), ready.device())
                    .ifPresent(known -> utilisations.put(ready.rank(), known));
        }
        event(
                "rank.ready",
                Integer.toString(ready.rank()),
                "rank " + ready.rank() + " is ready after step " + ready.step(),
                Map.of(
                        "rank", ready.rank(),
                        "step", ready.step(),
                        "secondsToReady", ready.secondsToReady(),
                        "parameters", ready.parameters()));
    }

    public void step(Report.StepFinished step) {
        batch.add(
                new StepRow(
                        step.step(),
                        step.rank(),
                        request.attempt(),
                        step.phase(),
                        false,
                        step.batchHash(),
                        values(step),
                        Instant.now()));
        if (step.rank() == 0) {
            reached = step.step();
        }
        if (batch.size() >= LARGEST_BATCH) {
            flush();
        }
    }

    /// Records what is wrong with a step and which samples most likely caused it.
    public void anomaly(Report.AnomalyFound anomaly) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("step", anomaly.step());
        data.put("phase", anomaly.phase());
        data.put("kind", anomaly.kind().name());
        data.put("action", anomaly.action().name());
        data.put("loss", Double.toString(anomaly.loss()));
        data.put("gradientNorm", Double.toString(anomaly.gradientNorm()));
        if (anomaly.median() != null) {
            data.put("median", anomaly.median());
        }
        data.put("samples", anomaly.samples());
        event(
                SkippedSteps.EVENT,
                Long.toString(anomaly.step()),
                "step " + anomaly.step() + " is not applied: " + Ranks.describe(anomaly),
                data);
    }

    /// A step that changed nothing is progress all the same.
    public void skipped(Report.StepSkipped skipped) {
        reached = skipped.step();
        event(
                "step.skipped",
                Long.toString(skipped.step()),
                "step " + skipped.step() + " was left out; the weights are as before it",
                Map.of(
                        "step", skipped.step(),
                        "phase", skipped.phase(),
                        "batchHash", skipped.batchHash()));
    }

    /// Hands the batch on a few times a second, however fast steps come.
    public void flushWhenDue() {
        if (System.nanoTime() - flushedAt > LONGEST_WAIT_NANOS) {
            flush();
        }
    }

    private void flush() {
        flushedAt = System.nanoTime();
        if (batch.isEmpty()) {
            return;
        }
        List<StepRow> rows = batch;
        batch = new ArrayList<>();
        long step = reached;
        writer.submit(
                () -> {
                    registry.metrics()
                            .record(
                                    request.runId(),
                                    request.stageId(),
                                    request.fencingToken(),
                                    rows);
                    registry.runs()
                            .setProgress(
                                    request.runId(),
                                    request.stageId(),
                                    request.fencingToken(),
                                    request.phaseId(),
                                    step);
                });
    }

    /// Recorded once of each save: every rank repeats it for as long as it lasts.
    public void saveAwaited(Report.SaveAwaited awaited) {
        if (awaited.step() == awaitedSave) {
            return;
        }
        awaitedSave = awaited.step();
        event(
                "save.awaited",
                Long.toString(awaited.step()),
                "training waits for the object store, which has not taken the checkpoint of step "
                        + awaited.step(),
                Map.of("step", awaited.step()));
    }

    public void evaluation(Report.Evaluated evaluated) {
        Map<String, EvaluationRow> rows = new TreeMap<>();
        Map<String, Object> losses = new LinkedHashMap<>();
        evaluated
                .datasets()
                .forEach(
                        (name, figures) -> {
                            rows.put(
                                    name,
                                    new EvaluationRow(
                                            evaluated.step(),
                                            name,
                                            figures.loss(),
                                            figures.perplexity(),
                                            figures.tokens()));
                            losses.put(name + ".loss", figures.loss());
                        });
        writer.submit(
                () ->
                        registry.metrics()
                                .recordEvaluation(
                                        request.runId(),
                                        request.stageId(),
                                        request.fencingToken(),
                                        evaluated.step(),
                                        rows));
        losses.put("step", evaluated.step());
        event(
                "evaluation.finished",
                Long.toString(evaluated.step()),
                "evaluated at step " + evaluated.step(),
                losses);
    }

    /// @param key tells events of one type and attempt apart, so that none is stored twice
    public void event(String type, String key, String message, Map<String, Object> data) {
        Map<String, Object> all = new LinkedHashMap<>(data);
        all.put("attempt", request.attempt());
        String unique =
                String.join(
                        "/", type, request.stageId(), Long.toString(request.fencingToken()), key);
        writer.submit(
                () ->
                        registry.events()
                                .append(
                                        request.runId(),
                                        type,
                                        request.stageId(),
                                        message,
                                        all,
                                        unique));
    }

    /// Records how the attempt ended.
    ///
    /// @param error null where nothing failed
    public void ended(AttemptStatus status, String reason, @Nullable TanrenException error) {
        flush();
        long step = reached;
        String failureClass = error == null ? null : error.failureClass().name();
        writer.submit(
                () ->
                        registry.attempts()
                                .end(request.fencingToken(), status, reason, failureClass, step));
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("step", step);
        data.put("status", status.key());
        if (error != null) {
            data.put("code", error.code().name());
            data.put("failureClass", failureClass);
        }
        event("attempt.ended", "", reason, data);
    }

    public boolean drain(java.time.Duration patience) {
        flush();
        return writer.drain(patience);
    }

    @Override
    public void close() {
        writer.close();
    }

    private Map<String, Double> values(Report.StepFinished step) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", step.loss());
        if (step.zLoss() != null) {
            values.put("zLoss", step.zLoss());
        }
        StageUtilisation utilisation = utilisations.get(step.rank());
        if (utilisation != null) {
            values.put(
                    "mfu",
                    utilisation.ofStep(
                            step.tokens(), step.sequenceLength(), step.seconds().total()));
        }
        values.put("learningRate", step.learningRate());
        values.put("gradientNorm", step.gradientNorm());
        values.put("tokens", (double) step.tokens());
        values.put("sequenceLength", (double) step.sequenceLength());
        values.put("residentBytes", (double) step.residentBytes());
        Report.StepSeconds seconds = step.seconds();
        values.put("seconds.data", seconds.data());
        values.put("seconds.copy", seconds.copy());
        values.put("seconds.forward", seconds.forward());
        values.put("seconds.backward", seconds.backward());
        values.put("seconds.communication", seconds.communication());
        values.put("seconds.optimizer", seconds.optimizer());
        values.put("seconds.checkpoint", seconds.checkpoint());
        values.put("seconds.total", seconds.total());
        return values;
    }
}
