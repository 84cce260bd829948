package dev.tanren.controlplane.situation;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Which parts of the platform do not answer, and since when: looked at every two seconds, so that
/// a time is known before anyone asks. Safe for use by many threads.
@Singleton
public class PlatformHealth {

    private static final long SECONDS = 2;

    private final Iterable<HealthCheck> checks;
    private final Map<String, Instant> away = new ConcurrentHashMap<>();
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("platform-health").factory());

    @Inject
    PlatformHealth(@Readiness Instance<HealthCheck> checks) {
        this((Iterable<HealthCheck>) checks);
    }

    PlatformHealth(Iterable<HealthCheck> checks) {
        this.checks = checks;
    }

    void begin(@Observes StartupEvent start) {
        var _ = timer.scheduleWithFixedDelay(this::look, 0, SECONDS, TimeUnit.SECONDS);
    }

    void end(@Observes ShutdownEvent stop) {
        timer.shutdownNow();
    }

    /// The parts that did not answer when they were last looked at, by name, such as `database`,
    /// with when that was first noticed.
    public Map<String, Instant> away() {
        return new TreeMap<>(away);
    }

    void look() {
        for (HealthCheck check : checks) {
            HealthCheckResponse found = check.call();
            if (found.getStatus() == HealthCheckResponse.Status.UP) {
                away.remove(found.getName());
            } else {
                away.putIfAbsent(found.getName(), Instant.now());
            }
        }
    }
}
