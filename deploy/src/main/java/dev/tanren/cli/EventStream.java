package dev.tanren.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The events of a run as the server sends them, told on in order and each once. After an outage it
/// goes on behind the last one it has seen.
final class EventStream implements AutoCloseable {

    private static final Duration RECONNECT = Duration.ofMillis(500);
    private static final Duration LAST_EVENTS = Duration.ofSeconds(2);

    private final ApiClient api;
    private final String run;
    private final Consumer<JsonNode> listener;
    private @Nullable Thread reader;
    private volatile boolean closed;
    private volatile long lastId;

    EventStream(ApiClient api, String run, Consumer<JsonNode> listener) {
        this.api = api;
        this.run = run;
        this.listener = listener;
    }

    void startOnce() {
        if (reader == null) {
            reader = Thread.ofVirtual().name("events").start(this::read);
        }
    }

    /// Waits for the event that ends the run, for a moment.
    void drain() throws InterruptedException {
        if (reader != null) {
            reader.join(LAST_EVENTS);
        }
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
                    lastId == 0 ? Map.of() : Map.of("Last-Event-ID", Long.toString(lastId));
            try (Stream<String> lines =
                    api.lines(
                            "/runs/" + ApiClient.encode(run) + "/events",
                            "text/event-stream",
                            headers)) {
                if (untilRunEnds(lines.iterator())) {
                    return;
                }
            } catch (TanrenException | UncheckedIOException outage) {
                // The follower polls the run as well and reports an outage that lasts.
            }
            try {
                Thread.sleep(RECONNECT);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /// @return whether the event that ends a run has come
    private boolean untilRunEnds(Iterator<String> lines) {
        StringBuilder data = new StringBuilder();
        while (!closed && lines.hasNext()) {
            String line = lines.next();
            if (line.startsWith("data:")) {
                data.append(line.substring("data:".length()).strip());
            } else if (line.isEmpty() && !data.isEmpty()) {
                boolean last = tell(data.toString());
                data.setLength(0);
                if (last) {
                    return true;
                }
            }
        }
        return false;
    }

    private boolean tell(String data) {
        try {
            JsonNode event = Json.mapper().readTree(data);
            long id = event.path("id").asLong();
            // What is not of the run's history, such as a heartbeat, has no id.
            if (id <= lastId) {
                return false;
            }
            lastId = id;
            listener.accept(event);
            return switch (event.path("type").asText()) {
                case "run.succeeded", "run.failed", "run.cancelled" -> true;
                default -> false;
            };
        } catch (JsonProcessingException e) {
            return false;
        }
    }
}
