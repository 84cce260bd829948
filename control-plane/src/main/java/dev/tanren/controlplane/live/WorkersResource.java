package dev.tanren.controlplane.live;

import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.api.WorkerView;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Workers;
import dev.tanren.storage.registry.Workers.Worker;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.Set;
import java.util.stream.Collectors;

/// The nodes that run attempts.
@Path("/api/v1/workers")
@Produces(MediaType.APPLICATION_JSON)
public class WorkersResource {

    private final PostgresRegistry registry;

    WorkersResource(PostgresRegistry registry) {
        this.registry = registry;
    }

    @GET
    @RolesAllowed(Roles.VIEWER)
    public Page<WorkerView> list() {
        Set<String> alive =
                registry.workers().heardWithin(Workers.SILENCE).stream()
                        .map(Worker::workerId)
                        .collect(Collectors.toSet());
        return new Page<>(
                registry.workers().list().stream()
                        .map(worker -> view(worker, alive.contains(worker.workerId())))
                        .toList(),
                null);
    }

    private static WorkerView view(Worker worker, boolean alive) {
        return new WorkerView(
                worker.workerId(),
                worker.host(),
                worker.pid(),
                worker.taskQueue(),
                worker.cores(),
                worker.memoryBytes(),
                worker.promisedBytes(),
                worker.freeBytes(),
                worker.version(),
                worker.activity(),
                alive,
                worker.startedAt(),
                worker.seenAt());
    }
}
