package dev.tanren.controlplane.live;

import dev.tanren.controlplane.Settings;
import dev.tanren.controlplane.api.EndEvent;
import dev.tanren.controlplane.api.EventView;
import dev.tanren.controlplane.api.MetricsEvent;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.Events.Event;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import jakarta.ws.rs.sse.SseEventSink;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// One open stream: looks for news, sends them in order, and never gets ahead of the reader. It
/// ends with the run, after everything that the run left was sent.
final class EventStream {

    private static final int BATCH = 200;

    /// The event that tells of a run's end is recorded after the end itself. A run that was put
    /// back from its checkpoints has none.
    private static final Duration LAST_WORD = Duration.ofSeconds(2);

    private final PostgresRegistry registry;
    private final Settings settings;
    private final SseEventSink sink;
    private final Sse sse;
    private final String runId;

    private final StepFeed steps;
    private long lastEvent;
    private long sentAt = System.nanoTime();
    private @Nullable Long endSeenAt;

    /// @param after what the reader has seen
    EventStream(
            PostgresRegistry registry,
            Settings settings,
            SseEventSink sink,
            Sse sse,
            String runId,
            StreamPosition after) {
        this.registry = registry;
        this.settings = settings;
        this.sink = sink;
        this.sse = sse;
        this.runId = runId;
        this.lastEvent = after.event();
        this.steps = new StepFeed(registry, runId, after.steps());
    }

    /// Sends until the run has ended, the reader is gone or may read no more, or the server stops.
    void send(BooleanSupplier allowed) {
        try {
            comment("run " + runId);
            while (!sink.isClosed() && allowed.getAsBoolean()) {
                // Asked first, so that everything of a run that has ended is there to be sent.
                Optional<Run> run = registry.runs().find(runId);
                if (run.isEmpty()) {
                    return;
                }
                if (sendEvents() || sendSteps(run.get())) {
                    continue;
                }
                if (isOver(run.get())) {
                    message("end", EndEvent.class, new EndEvent(run.get().status().key()));
                    return;
                }
                heartbeat();
                Thread.sleep(settings.eventInterval());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (CompletionException | IllegalStateException readerIsGone) {
            // The stream ends with its reader.
        } catch (TanrenException databaseIsAway) {
            // The reader connects again and goes on after the last event it saw.
        }
    }

    private boolean isOver(Run run) {
        if (!run.status().terminal()) {
            endSeenAt = null;
            return false;
        }
        Long since = endSeenAt;
        if (since == null) {
            since = System.nanoTime();
            endSeenAt = since;
        }
        return endIsSent(run) || System.nanoTime() - since > LAST_WORD.toNanos();
    }

    private boolean endIsSent(Run run) {
        Instant finished = run.finishedAt();
        return registry.events().ofTypes(runId, Set.of("run." + run.status().key())).stream()
                .filter(event -> finished == null || !event.at().isBefore(finished))
                .anyMatch(event -> event.id() <= lastEvent);
    }

    private boolean sendEvents() {
        List<Event> events = registry.events().after(runId, lastEvent, BATCH);
        for (Event event : events) {
            lastEvent = event.id();
            message("event", EventView.class, view(event));
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

    /// Sends each step that finished since the last look.
    ///
    /// @return whether there may be more at once
    private boolean sendSteps(Run run) {
        Optional<StepFeed.Steps> next = steps.next(run);
        if (next.isEmpty()) {
            return false;
        }
        for (StepRow step : next.get().rows()) {
            steps.sent(step);
            message("metrics", MetricsEvent.class, view(next.get().stage(), step));
        }
        return next.get().mayHaveMore();
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

    /// Its id is the place in the stream behind it.
    private <T> void message(String name, Class<T> type, T data) {
        await(
                sse.newEventBuilder()
                        .id(new StreamPosition(lastEvent, steps.position()).toString())
                        .name(name)
                        .mediaType(MediaType.APPLICATION_JSON_TYPE)
                        .data(type, data)
                        .build());
    }

    private void await(OutboundSseEvent event) {
        sink.send(event).toCompletableFuture().join();
        sentAt = System.nanoTime();
    }
}
