package dev.tanren.activities.worker;

import dev.tanren.activities.memory.MemoryLedger;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Workers;
import dev.tanren.workflows.run.RunWorkflow;
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
    private final MemoryLedger memory;
    private final Supplier<String> activity;
    private final Instant startedAt = Instant.now();
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("announcer").daemon().factory());

    private Announcer(
            Registry registry, String workerId, MemoryLedger memory, Supplier<String> activity) {
        this.registry = registry;
        this.workerId = workerId;
        this.memory = memory;
        this.activity = activity;
    }

    /// @param memory that launched processes may have
    static Announcer start(
            Registry registry, String workerId, MemoryLedger memory, Supplier<String> activity) {
        Announcer announcer = new Announcer(registry, workerId, memory, activity);
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
                                    memory.totalBytes(),
                                    memory.promisedBytes(),
                                    version(),
                                    activity.get(),
                                    startedAt,
                                    Instant.now()));
        } catch (TanrenException e) {
            LOG.warn("this worker is not announced: {}", e.getMessage());
        }
    }

    private static String version() {
        String version = WorkerMain.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }
}
