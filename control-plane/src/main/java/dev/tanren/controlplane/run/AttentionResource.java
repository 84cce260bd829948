package dev.tanren.controlplane.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.api.RunSummary;
import dev.tanren.controlplane.endpoint.Refuses;
import dev.tanren.controlplane.security.Caller;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;

/// Runs that need a person.
@Path("/api/v1/attention")
@Produces(MediaType.APPLICATION_JSON)
public class AttentionResource {

    private static final int MOST = 50;

    private final PostgresRegistry registry;
    private final RunFinder finder;
    private final RunSummaries summaries;
    private final ObjectMapper mapper;

    AttentionResource(
            PostgresRegistry registry,
            RunFinder finder,
            RunSummaries summaries,
            ObjectMapper mapper) {
        this.registry = registry;
        this.finder = finder;
        this.summaries = summaries;
        this.mapper = mapper;
    }

    /// The newest 50: what is paused, and what failed, unless somebody has acknowledged that
    /// failure or a later run of the same name has succeeded.
    @GET
    @RolesAllowed(Roles.VIEWER)
    public Page<RunSummary> list(RoutingContext request) {
        return new Page<>(
                summaries.of(registry.acknowledgements().waiting(MOST), Caller.of(request)), null);
    }

    /// Says that a failure was seen and nothing more will be done about it, so that it needs nobody
    /// any longer. The run stays as it is, and can be tried again.
    ///
    /// @throws TanrenException `STATE_CONFLICT` for a run that has not failed
    @POST
    @RolesAllowed(Roles.OPERATOR)
    @Path("{id}/acknowledge")
    @Refuses(409)
    @RequestBody(
            required = false,
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON,
                            schema = @Schema(implementation = Reason.class)))
    public RunSummary acknowledge(@PathParam("id") String id, String body, RoutingContext request)
            throws JsonProcessingException {
        Caller caller = Caller.of(request);
        String reason = Reason.in(body, mapper);
        Run run = finder.run(id);
        if (run.status() != RunState.FAILED) {
            throw new TanrenException(
                    ErrorCode.STATE_CONFLICT,
                    "the run is " + run.status().key() + "; only a failure can be acknowledged",
                    "run/" + id,
                    "look at it again: it goes on, or has ended well");
        }
        registry.audit()
                .append(
                        AuditRecord.of(Caller.actor(request), "run.acknowledge", "run/" + id)
                                .because(reason));
        registry.acknowledgements().acknowledge(run, caller.name(), reason);
        return summaries.of(run, caller);
    }
}
