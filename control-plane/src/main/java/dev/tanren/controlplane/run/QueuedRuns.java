package dev.tanren.controlplane.run;

import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.run.RunState;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Filter;
import dev.tanren.storage.registry.Runs.Run;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/// Starts runs that are recorded but whose workflow could not be started: Temporal was away, or
/// this process ended in between. Starting one that has a workflow changes nothing.
@Singleton
public class QueuedRuns {

    private static final Logger LOG = Logger.getLogger(QueuedRuns.class);
    private static final Duration INTERVAL = Duration.ofSeconds(5);
    private static final Duration SUBMISSION = Duration.ofSeconds(15);
    private static final int AT_ONCE = 100;

    private final PostgresRegistry registry;
    private final Orchestrator orchestrator;
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().daemon().name("queued-runs").factory());

    QueuedRuns(PostgresRegistry registry, Orchestrator orchestrator) {
        this.registry = registry;
        this.orchestrator = orchestrator;
    }

    void begin(@Observes StartupEvent start) {
        var _ =
                timer.scheduleWithFixedDelay(
                        this::startThem, 0, INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    void end(@Observes ShutdownEvent stop) {
        timer.shutdownNow();
    }

    private void startThem() {
        try {
            Filter queued = new Filter(List.of(RunState.QUEUED), null, null);
            for (Run run : registry.runs().list(queued, null, AT_ONCE)) {
                if (run.createdAt().isBefore(Instant.now().minus(SUBMISSION))) {
                    orchestrator.start(run.runId(), RunFinder.plan(run), run.version().execution());
                }
            }
        } catch (TanrenException e) {
            LOG.warnf("queued runs wait: %s", e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("queued runs could not be looked at", e);
        }
    }
}
