package dev.tanren.controlplane.live;

import dev.tanren.controlplane.Settings;
import dev.tanren.controlplane.api.EventView;
import dev.tanren.controlplane.api.MetricsEvent;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import jakarta.ws.rs.sse.SseEventSink;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// One open stream: looks for news, sends them in order, and never gets ahead of the reader.
final class EventStream {

    private static final int BATCH = 200;
    private static final int MOST_STEPS = 200;

    private final PostgresRegistry registry;
    private final Settings settings;
    private final SseEventSink sink;
    private final Sse sse;
    private final String runId;

    private long lastEvent;
    private @Nullable String lastStage;
    private long lastToken;
    private long lastStep;
    private long sentAt = System.nanoTime();

    EventStream(
            PostgresRegistry registry,
            Settings settings,
            SseEventSink sink,
            Sse sse,
            String runId) {
        this.registry = registry;
        this.settings = settings;
        this.sink = sink;
        this.sse = sse;
        this.runId = runId;
    }

    /// Sends until the reader is gone or may read no more, or the server stops.
    void send(long afterEvent, BooleanSupplier allowed) {
        lastEvent = afterEvent;
        try {
            comment("run " + runId);
            while (!sink.isClosed() && allowed.getAsBoolean()) {
                if (!sendEvents() && !sendSteps()) {
                    heartbeat();
                    Thread.sleep(settings.eventInterval());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (CompletionException | IllegalStateException readerIsGone) {
            // The stream ends with its reader.
        } catch (TanrenException databaseIsAway) {
            // The reader connects again and goes on after the last event it saw.
        }
    }

    private boolean sendEvents() {
        List<Event> events = registry.events().after(runId, lastEvent, BATCH);
        for (Event event : events) {
            await(
                    sse.newEventBuilder()
                            .id(Long.toString(event.id()))
                            .name("event")
                            .mediaType(MediaType.APPLICATION_JSON_TYPE)
                            .data(EventView.class, view(event))
                            .build());
            lastEvent = event.id();
        }
        return events.size() == BATCH;
    }

    private static EventView view(Event event) {
        return new EventView(
                event.id(),
                event.type(),
                event.stageId(),
                event.message(),
                event.data(),
                event.at());
    }

    /// Sends each step that finished since the last look; at first the newest alone.
    ///
    /// @return whether there may be more at once
    private boolean sendSteps() {
        Optional<StageRow> stage = stageAtWork();
        if (stage.isEmpty()) {
            return false;
        }
        long newest = newestAttempt(stage.get().stageId());
        boolean first = !stage.get().stageId().equals(lastStage);
        if (first || newest != lastToken) {
            lastStage = stage.get().stageId();
            lastToken = newest;
            lastStep = first ? Math.max(0, stage.get().step() - 1) : resumeStep(newest);
        }
        List<StepRow> steps =
                registry.metrics()
                        .stepsFrom(runId, stage.get().stageId(), lastStep + 1, MOST_STEPS);
        for (StepRow step : steps) {
            await(
                    sse.newEventBuilder()
                            .name("metrics")
                            .mediaType(MediaType.APPLICATION_JSON_TYPE)
                            .data(MetricsEvent.class, view(stage.get(), step))
                            .build());
            lastStep = step.step();
        }
        return steps.size() == MOST_STEPS;
    }

    private Optional<StageRow> stageAtWork() {
        String current = registry.runs().find(runId).map(Run::currentStage).orElse(null);
        return registry.runs().stages(runId).stream()
                .filter(stage -> stage.stageId().equals(current))
                .filter(stage -> stage.totalSteps() > 0)
                .findFirst();
    }

    /// One that still looks for its checkpoint has undone nothing yet.
    private long newestAttempt(String stageId) {
        return registry.attempts().list(runId).stream()
                .filter(attempt -> attempt.stageId().equals(stageId))
                .filter(attempt -> attempt.resumeStep() != null)
                .mapToLong(attempt -> attempt.fencingToken())
                .max()
                .orElse(0);
    }

    private long resumeStep(long token) {
        return registry.attempts().list(runId).stream()
                .filter(attempt -> attempt.fencingToken() == token)
                .map(attempt -> Objects.requireNonNullElse(attempt.resumeStep(), 0L))
                .findFirst()
                .orElse(0L);
    }

    private static MetricsEvent view(StageRow stage, StepRow step) {
        Map<String, @Nullable Double> values = new TreeMap<>();
        step.values()
                .forEach((name, value) -> values.put(name, Double.isFinite(value) ? value : null));
        return new MetricsEvent(
                stage.stageId(),
                step.phaseId(),
                step.attempt(),
                step.step(),
                stage.totalSteps(),
                values,
                step.at());
    }

    private void heartbeat() {
        if (System.nanoTime() - sentAt > settings.heartbeat().toNanos()) {
            comment("alive");
        }
    }

    private void comment(String text) {
        await(sse.newEventBuilder().comment(text).build());
    }

    private void await(OutboundSseEvent event) {
        sink.send(event).toCompletableFuture().join();
        sentAt = System.nanoTime();
    }
}
