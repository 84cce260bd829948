package dev.tanren.controlplane.live;

import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.api.WorkerView;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Workers.Worker;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Duration;
import java.time.Instant;

/// The nodes that run attempts.
@Path("/api/v1/workers")
@Produces(MediaType.APPLICATION_JSON)
public class WorkersResource {

    private static final Duration SILENCE = Duration.ofSeconds(15);

    private final PostgresRegistry registry;

    WorkersResource(PostgresRegistry registry) {
        this.registry = registry;
    }

    @GET
    public Page<WorkerView> list() {
        Instant heardSince = Instant.now().minus(SILENCE);
        return new Page<>(
                registry.workers().list().stream().map(worker -> view(worker, heardSince)).toList(),
                null);
    }

    private static WorkerView view(Worker worker, Instant heardSince) {
        return new WorkerView(
                worker.workerId(),
                worker.host(),
                worker.pid(),
                worker.taskQueue(),
                worker.cores(),
                worker.memoryBytes(),
                worker.version(),
                worker.activity(),
                worker.seenAt().isAfter(heardSince),
                worker.startedAt(),
                worker.seenAt());
    }
}
