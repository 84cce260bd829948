package dev.tanren.controlplane.plan;

import dev.tanren.plan.planner.Machine;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Workers;
import dev.tanren.storage.registry.Workers.Worker;
import jakarta.inject.Singleton;
import java.util.Comparator;
import java.util.Optional;

/// What workers have for the gangs that they launch. All ranks of a gang are on one worker.
@Singleton
public class WorkerMachine {

    /// Names it where a device is asked for.
    static final String NAME = "worker";

    private final PostgresRegistry registry;

    WorkerMachine(PostgresRegistry registry) {
        this.registry = registry;
    }

    /// Of the living worker that has most memory to promise. Whether it multiplies bf16 in units of
    /// its own is taken to be as on this machine.
    ///
    /// @return empty while no worker is alive
    Optional<Machine> largest() {
        return registry.workers().heardWithin(Workers.SILENCE).stream()
                .max(Comparator.comparingLong(Worker::memoryBytes))
                .map(worker -> new Machine(worker.memoryBytes(), Machine.here().bf16Units()));
    }
}
