package dev.tanren.controlplane.live;

import dev.tanren.controlplane.Settings;
import dev.tanren.controlplane.run.RunFinder;
import dev.tanren.controlplane.run.RunsResource;
import dev.tanren.controlplane.security.Caller;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.registry.PostgresRegistry;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.sse.Sse;
import jakarta.ws.rs.sse.SseEventSink;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// The live stream of a run.
///
/// `event: event` carries an `EventView` and its id; `event: metrics` carries a `MetricsEvent`
/// without an id, so that a reconnecting browser replays events from the last one it saw and
/// figures from now on. Comments say that a silent stream lives. A stream ends with the session or
/// the token that opened it.
@Path("/api/v1/runs/{id}/events")
public class EventsResource {

    private final PostgresRegistry registry;
    private final RunFinder finder;
    private final Settings settings;
    private final Semaphore places;

    EventsResource(PostgresRegistry registry, RunFinder finder, Settings settings) {
        this.registry = registry;
        this.finder = finder;
        this.settings = settings;
        this.places = new Semaphore(settings.eventStreams());
    }

    /// @param lastEventId events after this one are sent; none given means all
    /// @param after the same, for clients that cannot set headers
    @GET
    @RolesAllowed(Roles.VIEWER)
    @Produces(MediaType.SERVER_SENT_EVENTS)
    @RunOnVirtualThread
    public void events(
            @PathParam("id") String id,
            @HeaderParam("Last-Event-ID") @Nullable String lastEventId,
            @QueryParam("after") @Nullable String after,
            @Context SseEventSink sink,
            @Context Sse sse,
            RoutingContext request) {
        finder.run(id);
        long from = number(lastEventId != null ? lastEventId : after);
        if (!places.tryAcquire()) {
            throw new TanrenException(
                    ErrorCode.TOO_MANY_REQUESTS,
                    "as many event streams are open as may be",
                    "run/" + id,
                    "close one, or poll GET /api/v1/runs/" + id);
        }
        try (sink) {
            new EventStream(registry, settings, sink, sse, id)
                    .send(from, () -> Caller.stillAllowed(request));
        } finally {
            places.release();
        }
    }

    private static long number(@Nullable String text) {
        if (text == null || text.isBlank()) {
            return 0;
        }
        if (!text.matches("\\d{1,18}")) {
            throw RunsResource.malformed("Last-Event-ID", "the id of an event");
        }
        return Long.parseLong(text);
    }
}
