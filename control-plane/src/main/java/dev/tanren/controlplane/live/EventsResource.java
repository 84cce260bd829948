package dev.tanren.controlplane.live;

import dev.tanren.controlplane.Settings;
import dev.tanren.controlplane.run.RunFinder;
import dev.tanren.controlplane.security.Caller;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.PostgresRegistry;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpMethod;
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
import org.jspecify.annotations.Nullable;

/// The live stream of a run.
///
/// `event: event` carries an `EventView`, `event: metrics` a `MetricsEvent`, and `event: end` an
/// `EndEvent`: with it the stream of a run that has ended is closed, also of one that had ended
/// before. Each has an id, behind which a reader who connects again goes on, in both kinds.
/// Comments say that a silent stream lives. A stream ends with the session or the token that opened
/// it, too.
@Path("/api/v1/runs/{id}/events")
public class EventsResource {

    private final PostgresRegistry registry;
    private final RunFinder finder;
    private final Settings settings;
    private final Places places;

    EventsResource(PostgresRegistry registry, RunFinder finder, Settings settings) {
        this.registry = registry;
        this.finder = finder;
        this.settings = settings;
        this.places = new Places(settings.eventStreams());
    }

    /// The events of a run from its beginning, and the figures of its steps from the newest on,
    /// until it has ended.
    ///
    /// @param lastEventId id of the last message that was seen: what follows it is sent
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
        StreamPosition from = StreamPosition.parse(lastEventId != null ? lastEventId : after);
        if (request.request().method().equals(HttpMethod.HEAD)) {
            sink.close();
            return;
        }
        String tokenId = Caller.of(request).tokenId();
        if (!places.take(tokenId)) {
            throw new TanrenException(
                    ErrorCode.TOO_MANY_REQUESTS,
                    "as many event streams are open as may be, of this token or of all together",
                    "run/" + id,
                    "close one, or poll GET /api/v1/runs/" + id);
        }
        try (sink) {
            new EventStream(registry, settings, sink, sse, id, from)
                    .send(() -> Caller.stillAllowed(request));
        } finally {
            places.giveBack(tokenId);
        }
    }
}
