package dev.tanren.activities.worker;

import dev.tanren.activities.gang.GangSettings;
import dev.tanren.activities.gang.GangSlots;
import dev.tanren.activities.journal.JournalReplay;
import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.memory.WorkerMemory;
import dev.tanren.activities.process.WorkerScratch;
import dev.tanren.storage.cache.CacheBound;
import dev.tanren.storage.checkpoint.ObjectCheckpointStore;
import dev.tanren.storage.checkpoint.RegistryRebuild;
import dev.tanren.storage.collector.StoreCollector;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.workflows.WorkflowTypes;
import dev.tanren.workflows.activity.GangActivities;
import dev.tanren.workflows.run.RunWorkflow;
import io.temporal.client.WorkflowClient;
import io.temporal.common.VersioningBehavior;
import io.temporal.common.WorkerDeploymentVersion;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerDeploymentOptions;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import io.temporal.worker.WorkerOptions;
import io.temporal.worker.tuning.ActivitySlotInfo;
import io.temporal.worker.tuning.CompositeTuner;
import io.temporal.worker.tuning.FixedSizeSlotSupplier;
import io.temporal.worker.tuning.SlotSupplier;
import io.temporal.worker.tuning.WorkerTuner;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A running worker: its connections, its task queues, and its orderly end.
public final class TanrenWorker implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(TanrenWorker.class);
    private static final Duration CONNECT = Duration.ofSeconds(5);

    /// Cancellations are heard of with heartbeats, so they go out this often.
    private static final Duration HEARTBEAT_INTERVAL = Duration.ofSeconds(1);

    /// Ranks may have every core of the machine while workflow code waits for one.
    private static final Duration DEADLOCK = Duration.ofSeconds(10);

    /// How long a workflow's next task waits for the worker that ran it last before any other may
    /// have it. Where that worker was killed the wait is lost, and where it is only busy the other
    /// one replays the history.
    private static final Duration STICKY = Duration.ofSeconds(1);

    /// What is left of the grace for the last calls to database and Temporal.
    private static final Duration LAST_CALLS = Duration.ofSeconds(4);

    private final String id;
    private final WorkerSettings settings;
    private final PostgresRegistry registry;
    private final S3ObjectStore store;
    private final WorkflowServiceStubs service;
    private final WorkerFactory factory;
    private final BusyActivities busy;
    private final GangSlots slots;
    private final Drain drain;
    private final WorkerMemory memory;
    private final WorkerScratch scratch;
    private final Housekeeping housekeeping;
    private final Activities activities;
    private final Announcer announcer;
    private final PeriodicCollection collection;

    private TanrenWorker(WorkerSettings settings, Map<String, String> environment)
            throws InterruptedException {
        this.settings = settings;
        this.id =
                Announcer.host()
                        + "-"
                        + ProcessHandle.current().pid()
                        + "-"
                        + UUID.randomUUID().toString().substring(0, 8);
        this.busy = new BusyActivities();
        this.slots = new GangSlots(settings.gangs());
        this.drain = new Drain();
        this.scratch = WorkerScratch.open(settings.scratch());
        this.memory = WorkerMemory.of(settings.memoryBytes(), settings.device());
        DatabaseAddress database = DatabaseAddress.from(environment);
        this.registry =
                Patience.until(
                        "the database at " + database.shown(),
                        () -> PostgresRegistry.connect(database));
        this.store = S3ObjectStore.connect(environment);
        Patience.until(
                "the object store",
                () -> {
                    store.ensureBucket();
                    return store;
                });
        warnOfLostRegistry();
        this.service =
                Patience.until(
                        "Temporal at " + settings.temporal().address(), () -> connect(settings));
        this.activities =
                new Activities(
                        settings,
                        environment,
                        registry,
                        store,
                        id,
                        slots,
                        drain,
                        memory,
                        scratch.folder(),
                        GangSettings.standard().withDrain(settings.grace().minus(LAST_CALLS)));
        this.housekeeping =
                Housekeeping.start(
                        new JournalReplay(registry, store, Activities.journals(settings.scratch())),
                        scratch,
                        new CacheBound(settings.cache(), settings.cacheBytes()));
        this.factory = factory(settings);
        factory.start();
        this.announcer = Announcer.start(registry, id, memory.ledger(), busy::describe);
        this.collection =
                PeriodicCollection.start(
                        new StoreCollector(
                                store, registry, new ObjectCheckpointStore(store, registry)));
    }

    private void warnOfLostRegistry() {
        long runs = new RegistryRebuild(store, registry).runsUnknownToAnEmptyRegistry();
        if (runs > 0) {
            LOG.warn(
                    "the registry is empty, and the object store has checkpoints of {} runs. Where"
                            + " the database was lost: ./tanren checkpoint rebuild",
                    runs);
        }
    }

    /// Connects, waiting for what does not answer yet, and begins to take work.
    public static TanrenWorker start(WorkerSettings settings, Map<String, String> environment)
            throws InterruptedException {
        return new TanrenWorker(settings, environment);
    }

    /// Stable for one start of the process.
    public String id() {
        return id;
    }

    /// Takes no more work, lets what is at work save and end, then disconnects.
    @Override
    public void close() {
        LOG.info("the worker ends within {}", settings.grace());
        factory.suspendPolling();
        drain.begin();
        try {
            if (!busy.awaitIdle(settings.grace().minus(LAST_CALLS.dividedBy(4)))) {
                LOG.warn("still at work when the grace ended: {}", busy.describe());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        announcer.close();
        housekeeping.close();
        collection.close();
        factory.shutdownNow();
        factory.awaitTermination(1, TimeUnit.SECONDS);
        service.shutdownNow();
        activities.close();
        scratch.close();
        store.close();
        registry.close();
    }

    private WorkerFactory factory(WorkerSettings worker) {
        WorkflowClient client =
                WorkflowClient.newInstance(
                        service, worker.temporal().client().setIdentity(id).build());
        WorkerFactory made =
                WorkerFactory.newInstance(
                        client,
                        WorkerFactoryOptions.newBuilder()
                                .setWorkerInterceptors(busy, new CodedFailures())
                                .build());
        Worker shared = made.newWorker(RunWorkflow.TASK_QUEUE, options(worker).build());
        WorkflowTypes.registerWith(shared);
        shared.registerActivitiesImplementations(activities.shared());
        made.newWorker(
                        GangActivities.TASK_QUEUE,
                        options(worker).setWorkerTuner(gangsOnly(slots.forSharedQueue())).build())
                .registerActivitiesImplementations(activities.gang());
        made.newWorker(
                        GangActivities.taskQueueOf(id),
                        options(worker)
                                .setMaxConcurrentActivityExecutionSize(worker.gangs())
                                .setMaxConcurrentActivityTaskPollers(1)
                                .build())
                .registerActivitiesImplementations(activities.gang());
        return made;
    }

    /// The queue has nothing but activities; the other suppliers are never asked.
    private static WorkerTuner gangsOnly(SlotSupplier<ActivitySlotInfo> gangs) {
        return new CompositeTuner(
                new FixedSizeSlotSupplier<>(1),
                gangs,
                new FixedSizeSlotSupplier<>(1),
                new FixedSizeSlotSupplier<>(1));
    }

    private static WorkerOptions.Builder options(WorkerSettings settings) {
        WorkerOptions.Builder options =
                WorkerOptions.newBuilder()
                        .setStickyQueueScheduleToStartTimeout(STICKY)
                        .setMaxHeartbeatThrottleInterval(HEARTBEAT_INTERVAL)
                        .setDefaultHeartbeatThrottleInterval(HEARTBEAT_INTERVAL)
                        .setDefaultDeadlockDetectionTimeout(DEADLOCK.toMillis());
        String deployment = settings.deployment();
        String buildId = settings.buildId();
        if (deployment != null && buildId != null) {
            options.setDeploymentOptions(
                    WorkerDeploymentOptions.newBuilder()
                            .setUseVersioning(true)
                            .setVersion(new WorkerDeploymentVersion(deployment, buildId))
                            .setDefaultVersioningBehavior(VersioningBehavior.PINNED)
                            .build());
        }
        return options;
    }

    private static WorkflowServiceStubs connect(WorkerSettings settings) {
        return WorkflowServiceStubs.newConnectedServiceStubs(
                settings.temporal().service(), CONNECT);
    }
}
