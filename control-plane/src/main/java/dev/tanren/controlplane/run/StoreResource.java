package dev.tanren.controlplane.run;

import dev.tanren.controlplane.security.Caller;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.storage.checkpoint.RegistryRebuild;
import dev.tanren.storage.checkpoint.RegistryRebuild.Rebuilt;
import dev.tanren.storage.collector.StoreCollector;
import dev.tanren.storage.collector.StoreCollector.Collected;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.PostgresRegistry;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

/// Care of the object store as a whole, for administrators.
@Path("/api/v1/store")
@Produces(MediaType.APPLICATION_JSON)
public class StoreResource {

    private final PostgresRegistry registry;
    private final S3ObjectStore store;
    private final StoreCollector collector;

    StoreResource(PostgresRegistry registry, S3ObjectStore store, StoreCollector collector) {
        this.registry = registry;
        this.store = store;
        this.collector = collector;
    }

    /// Puts back what the registry has lost, from the manifests in the store.
    @POST
    @RolesAllowed(Roles.ADMIN)
    @Path("rebuild")
    public Rebuilt rebuild(RoutingContext request) {
        Rebuilt rebuilt = new RegistryRebuild(store, registry).rebuild();
        registry.audit()
                .append(
                        AuditRecord.of(Caller.actor(request), "registry.rebuild", "registry")
                                .with(rebuilt));
        return rebuilt;
    }

    /// Removes what nobody needs or will finish; workers do so by themselves every few minutes.
    @POST
    @RolesAllowed(Roles.ADMIN)
    @Path("collect")
    public Collected collect(RoutingContext request) {
        Collected collected = collector.collect();
        registry.audit()
                .append(
                        AuditRecord.of(Caller.actor(request), "store.collect", "store")
                                .with(collected));
        return collected;
    }
}
