package dev.tanren.controlplane.live;

import dev.tanren.plan.run.RunState;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Workers;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Map;

/// The platform's own figures for Prometheus, all under `tanren_`. No label names a run: their
/// number has no bound.
@Singleton
public class PlatformMeters {

    /// Gives every meter, ours and the runtime's, the one prefix.
    @Produces
    @Singleton
    MeterFilter onePrefix() {
        return new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                return id.getName().startsWith("tanren.")
                        ? id
                        : id.withName("tanren." + id.getName());
            }
        };
    }

    void register(@Observes StartupEvent start, MeterRegistry meters, PostgresRegistry registry) {
        Lately<Map<RunState, Long>> runs =
                new Lately<>(() -> registry.runs().counts(), System::nanoTime);
        for (RunState status : RunState.open()) {
            Gauge.builder("tanren.runs", () -> runs.get().getOrDefault(status, 0L))
                    .description("Runs that are not finished, by state")
                    .tag("status", status.key())
                    .strongReference(true)
                    .register(meters);
        }
        Gauge.builder("tanren.workers.alive", () -> alive(registry))
                .description("Workers that were heard of in the last 15 seconds")
                .strongReference(true)
                .register(meters);
    }

    private static long alive(PostgresRegistry registry) {
        return registry.workers().heardWithin(Workers.SILENCE).size();
    }
}
