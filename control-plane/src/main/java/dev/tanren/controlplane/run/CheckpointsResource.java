package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.CheckpointView;
import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.endpoint.Refuses;
import dev.tanren.controlplane.security.Caller;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.PostgresRegistry;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.Map;
import java.util.Optional;

/// Checkpoints of a run.
@Path("/api/v1/runs/{id}/checkpoints")
@Produces(MediaType.APPLICATION_JSON)
public class CheckpointsResource {

    private final PostgresRegistry registry;
    private final CheckpointStore store;
    private final RunFinder finder;

    CheckpointsResource(PostgresRegistry registry, CheckpointStore store, RunFinder finder) {
        this.registry = registry;
        this.store = store;
        this.finder = finder;
    }

    /// Newest first, the quarantined among them.
    @GET
    @RolesAllowed(Roles.VIEWER)
    public Page<CheckpointView> list(@PathParam("id") String id) {
        finder.run(id);
        return new Page<>(
                registry.checkpoints().list(id).stream().map(CheckpointViews::of).toList(), null);
    }

    /// Reads the checkpoint whole and compares every size and hash. One that does not hold is
    /// quarantined: no run goes on from it until it verifies again, which lifts the quarantine.
    /// Either is an event of the run; that it was verified is in the audit, whatever was found.
    ///
    /// @return the checkpoint, with the time it was verified
    /// @throws TanrenException `OBJECT_CORRUPT` saying what is wrong
    @POST
    @RolesAllowed(Roles.OPERATOR)
    @Path("{stage}/{step}/verify")
    @Refuses(409)
    public CheckpointView verify(
            @PathParam("id") String id,
            @PathParam("stage") String stage,
            @PathParam("step") String step,
            RoutingContext request) {
        finder.run(id);
        Checkpoints.Row row = find(id, stage, number(step));
        Optional<String> wrong = store.inspect(row, Caller.actor(request));
        registry.audit()
                .append(
                        AuditRecord.of(Caller.actor(request), "checkpoint.verify", row.subject())
                                .changing(
                                        Map.of("quarantined", row.quarantined() != null),
                                        Map.of("quarantined", wrong.isPresent()))
                                .with(Map.of("found", wrong.orElse("sound"))));
        if (wrong.isPresent()) {
            throw new TanrenException(
                    ErrorCode.OBJECT_CORRUPT,
                    "the checkpoint does not hold: " + wrong.get(),
                    row.manifestKey(),
                    "it is quarantined; a resume goes on from the one before it; where its objects"
                            + " can be restored, restore them and verify it again");
        }
        return CheckpointViews.of(find(id, stage, row.step()));
    }

    private Checkpoints.Row find(String id, String stage, long step) {
        return registry.checkpoints()
                .find(id, stage, step)
                .orElseThrow(
                        () ->
                                RunFinder.missing(
                                        "there is no such checkpoint",
                                        "run/" + id + "/" + stage + "/" + step));
    }

    private static long number(String step) {
        if (!step.matches("\\d{1,10}")) {
            throw RunsResource.malformed("step", "a whole number");
        }
        return Long.parseLong(step);
    }
}
