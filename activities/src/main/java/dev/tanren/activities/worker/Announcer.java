package dev.tanren.activities.worker;

import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Workers;
import dev.tanren.workflows.run.RunWorkflow;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the registry every few seconds that this worker lives and what it does.
final class Announcer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Announcer.class);
    private static final long SECONDS = 3;

    private final Registry registry;
    private final String workerId;
    private final Supplier<String> activity;
    private final Instant startedAt = Instant.now();
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("announcer").daemon().factory());

    private Announcer(Registry registry, String workerId, Supplier<String> activity) {
        this.registry = registry;
        this.workerId = workerId;
        this.activity = activity;
    }

    static Announcer start(Registry registry, String workerId, Supplier<String> activity) {
        Announcer announcer = new Announcer(registry, workerId, activity);
        var _ =
                announcer.timer.scheduleWithFixedDelay(
                        announcer::announce, 0, SECONDS, TimeUnit.SECONDS);
        return announcer;
    }

    static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    private void announce() {
        try {
            registry.workers()
                    .announce(
                            new Workers.Worker(
                                    workerId,
                                    host(),
                                    ProcessHandle.current().pid(),
                                    RunWorkflow.TASK_QUEUE,
                                    Runtime.getRuntime().availableProcessors(),
                                    memory(),
                                    version(),
                                    activity.get(),
                                    startedAt,
                                    Instant.now()));
        } catch (TanrenException e) {
            LOG.warn("this worker is not announced: {}", e.getMessage());
        }
    }

    private static long memory() {
        return ManagementFactory.getOperatingSystemMXBean()
                        instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : 0;
    }

    private static String version() {
        String version = WorkerMain.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
