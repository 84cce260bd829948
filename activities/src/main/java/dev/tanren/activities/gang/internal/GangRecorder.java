package dev.tanren.activities.gang.internal;

import dev.tanren.activities.attempt.SkippedSteps;
import dev.tanren.activities.journal.Journal;
import dev.tanren.activities.journal.JournalEntry;
import dev.tanren.activities.lease.Lease;
import dev.tanren.launch.Report;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.planner.StageUtilisation;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.Registry;
import dev.tanren.workflows.activity.GangActivities.GangRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes what ranks report into the registry, in batches and in order. While the database is away
/// it waits, and nothing is dropped: see [Journal].
public final class GangRecorder implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(GangRecorder.class);
    private static final Duration DRAINING_TICK = Duration.ofMillis(200);
    private static final int LARGEST_BATCH = 500;
    private static final long LONGEST_WAIT_NANOS = 200_000_000;

    private final Registry registry;
    private final ObjectStore store;
    private final Journal journal;
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

    /// @param journals folder of this machine's journals
    /// @param store for what cannot be recorded before the end
    public GangRecorder(Registry registry, ObjectStore store, Path journals, GangRequest request) {
        this.registry = registry;
        this.store = store;
        this.request = request;
        this.stage =
                (TrainingStage) request.work().plan().stage(request.work().stageId()).orElseThrow();
        this.reached = request.resumeStep();
        this.journal =
                Journal.open(
                        journals,
                        request.work().runId()
                                + "-"
                                + request.work().stageId()
                                + "-"
                                + request.work().fencingToken());
    }

    /// Records what the attempt waits for, until it is launched or ends.
    ///
    /// @param worker that it waits on
    public void waits(String worker, String reason, Map<String, Object> data) {
        record(new JournalEntry.Waits(request.work().fencingToken(), reason));
        event(
                "attempt.waiting",
                worker,
                "attempt " + request.work().attempt() + " " + reason,
                data);
    }

    /// Records what the attempt waits for now, where that is another than was told.
    public void stillWaits(String reason) {
        record(new JournalEntry.Waits(request.work().fencingToken(), reason));
    }

    /// Records where the ranks of the attempt run.
    public void launched(String worker, int ranks) {
        record(new JournalEntry.Launched(request.work().fencingToken(), worker));
        event(
                "attempt.started",
                "",
                "attempt %d starts %d %s after step %d"
                        .formatted(
                                request.work().attempt(),
                                ranks,
                                ranks == 1 ? "rank" : "ranks",
                                request.resumeStep()),
                Map.of("worker", worker, "ranks", ranks, "resumeStep", request.resumeStep()));
    }

    public void ready(Report.Ready ready) {
        if (ready.device() != null) {
            StageUtilisation.of(
                            stage,
                            request.work().trainedOn().model().architecture(),
                            ready.device())
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
                        request.work().attempt(),
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
        record(
                new JournalEntry.Steps(
                        request.work().runId(),
                        request.work().stageId(),
                        request.work().phaseId(),
                        request.work().fencingToken(),
                        rows.stream().map(JournalEntry.Row::of).toList(),
                        reached));
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
        record(
                new JournalEntry.Evaluated(
                        request.work().runId(),
                        request.work().stageId(),
                        request.work().fencingToken(),
                        evaluated.step(),
                        rows));
        losses.put("step", evaluated.step());
        event("evaluation.finished", Long.toString(evaluated.step()), evaluated(evaluated), losses);
    }

    private static String evaluated(Report.Evaluated evaluated) {
        return evaluated.datasets().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(
                        dataset ->
                                String.format(
                                        Locale.ROOT,
                                        "%s loss %.4f",
                                        dataset.getKey(),
                                        dataset.getValue().loss()))
                .collect(
                        Collectors.joining(
                                ", ", "evaluated at step " + evaluated.step() + ": ", ""));
    }

    /// @param key tells events of one type and attempt apart, so that none is stored twice
    public void event(String type, String key, String message, Map<String, Object> data) {
        Map<String, Object> all = new LinkedHashMap<>(data);
        all.put("attempt", request.work().attempt());
        String unique =
                String.join(
                        "/",
                        type,
                        request.work().stageId(),
                        Long.toString(request.work().fencingToken()),
                        key);
        record(
                new JournalEntry.Happened(
                        request.work().runId(),
                        type,
                        request.work().stageId(),
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
        ErrorCode code = error == null ? null : error.code();
        record(new JournalEntry.Ended(request.work().fencingToken(), status, reason, code, step));
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("step", step);
        data.put("status", status.key());
        if (error != null) {
            data.put("code", error.code().name());
            data.put("failureClass", error.failureClass().name());
            data.put("where", error.where());
            data.put("mend", error.mend());
        }
        event("attempt.ended", "", reason, data);
    }

    /// Waits until everything is written: for as long as the lease is held, and a little longer.
    /// What is left then goes to the object store, or stays on this worker's disk.
    ///
    /// @param unheld how long to wait once the lease is not held
    public void drain(Lease lease, Duration unheld) {
        flush();
        long end = Long.MAX_VALUE;
        while (!writer.drain(DRAINING_TICK) && System.nanoTime() < end) {
            if (end == Long.MAX_VALUE && !mayWait(lease)) {
                end = System.nanoTime() + unheld.toNanos();
            }
        }
        writer.close();
        journal.hand(store);
    }

    /// One who was interrupted cannot wait.
    private static boolean mayWait(Lease lease) {
        return !Thread.currentThread().isInterrupted()
                && switch (lease.state()) {
                    case HELD, CANCELLED -> true;
                    case LOST, DRAINING, UNHEARD -> false;
                };
    }

    @Override
    public void close() {
        writer.close();
        journal.close();
    }

    private void record(JournalEntry entry) {
        journal.keep(entry);
        writer.submit(() -> entry.write(registry), journal::written);
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
