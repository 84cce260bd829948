package dev.tanren.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The events of a run as the server sends them, told on in order and each once. After an outage it
/// goes on behind the last one it has seen. It ends where the server says that the run has ended.
final class EventStream implements AutoCloseable {

    private static final Duration RECONNECT = Duration.ofMillis(500);
    private static final Duration LAST_EVENTS = Duration.ofSeconds(2);

    /// After an event that ends a run: a retry's own follow it at once, if there was one.
    private static final Duration QUIET = Duration.ofMillis(300);

    private final ApiClient api;
    private final String run;
    private final Consumer<JsonNode> listener;
    private @Nullable Thread reader;
    private volatile boolean closed;
    private volatile long lastId;
    private volatile boolean ended;
    private volatile long toldAt;
    private volatile boolean over;

    /// Where the stream goes on, as the server calls it; null before the first message.
    private volatile @Nullable String position;

    EventStream(ApiClient api, String run, Consumer<JsonNode> listener) {
        this.api = api;
        this.run = run;
        this.listener = listener;
    }

    /// Begins to read, or again where the stream had ended with a run that was tried again.
    void start(boolean runGoesOn) {
        if (reader == null || (over && runGoesOn)) {
            over = false;
            reader = Thread.ofVirtual().name("events").start(this::read);
        }
    }

    /// Waits for the event that ends the run, for a moment. Of a run that was tried again, it is
    /// not the first of its kind.
    void drain() throws InterruptedException {
        long end = System.nanoTime() + LAST_EVENTS.toNanos();
        while (reader != null && !over && System.nanoTime() < end && !(ended && quiet())) {
            Thread.sleep(20);
        }
    }

    private boolean quiet() {
        return System.nanoTime() - toldAt > QUIET.toNanos();
    }

    @Override
    public void close() {
        closed = true;
        if (reader != null) {
            reader.interrupt();
        }
    }

    private void read() {
        while (!closed) {
            Map<String, String> headers =
                    position == null ? Map.of() : Map.of("Last-Event-ID", position);
            try (Stream<String> lines =
                    api.lines(
                            "/runs/" + ApiClient.name(run) + "/events",
                            "text/event-stream",
                            headers)) {
                tellAll(lines.iterator());
            } catch (TanrenException | UncheckedIOException outage) {
                // The follower polls the run as well and reports an outage that lasts.
            }
            if (over) {
                return;
            }
            try {
                Thread.sleep(RECONNECT);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void tellAll(Iterator<String> lines) {
        StringBuilder data = new StringBuilder();
        String name = "";
        while (!closed && !over && lines.hasNext()) {
            String line = lines.next();
            if (line.startsWith("data:")) {
                data.append(line.substring("data:".length()).strip());
            } else if (line.startsWith("event:")) {
                name = line.substring("event:".length()).strip();
            } else if (line.startsWith("id:")) {
                position = line.substring("id:".length()).strip();
            } else if (line.isEmpty() && !data.isEmpty()) {
                over = name.equals("end");
                tell(data.toString());
                data.setLength(0);
                name = "";
            }
        }
    }

    private void tell(String data) {
        try {
            JsonNode event = Json.mapper().readTree(data);
            long id = event.path("id").asLong();
            // What is not of the run's history, such as the figures of a step, has none.
            if (id <= lastId) {
                return;
            }
            lastId = id;
            listener.accept(event);
            toldAt = System.nanoTime();
            ended =
                    switch (event.path("type").asText()) {
                        case "run.succeeded", "run.failed", "run.cancelled" -> true;
                        default -> false;
                    };
        } catch (JsonProcessingException noEvent) {
            // The next one may be.
        }
    }
}
