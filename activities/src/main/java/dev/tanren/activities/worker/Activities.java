package dev.tanren.activities.worker;

import dev.tanren.activities.attempt.AttemptActivitiesImpl;
import dev.tanren.activities.dataset.BegunDatasets;
import dev.tanren.activities.dataset.DatasetActivitiesImpl;
import dev.tanren.activities.dataset.DatasetPreparation;
import dev.tanren.activities.evaluate.EvaluateActivitiesImpl;
import dev.tanren.activities.evaluate.Evaluator;
import dev.tanren.activities.export.ExportActivitiesImpl;
import dev.tanren.activities.export.Exporter;
import dev.tanren.activities.gang.GangActivitiesImpl;
import dev.tanren.activities.gang.GangLaunchers;
import dev.tanren.activities.gang.GangSettings;
import dev.tanren.activities.gang.GangSlots;
import dev.tanren.activities.gang.GangSupervisor;
import dev.tanren.activities.hub.Hub;
import dev.tanren.activities.lease.Drain;
import dev.tanren.activities.memory.WorkerMemory;
import dev.tanren.activities.model.BegunModels;
import dev.tanren.activities.model.ModelActivitiesImpl;
import dev.tanren.activities.model.ModelPreparation;
import dev.tanren.activities.process.Node;
import dev.tanren.activities.process.OneProcess;
import dev.tanren.activities.process.StoreCredentials;
import dev.tanren.activities.registry.RegistryActivitiesImpl;
import dev.tanren.activities.source.FileRoots;
import dev.tanren.activities.source.SourceBuckets;
import dev.tanren.activities.source.Sources;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.checkpoint.ObjectCheckpointStore;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.registry.Registry;
import java.nio.file.Path;
import java.util.Map;

/// Builds the activities of a worker from its settings and connections.
final class Activities implements AutoCloseable {

    private final Object[] shared;
    private final Object gang;
    private final SourceBuckets buckets;
    private final Hub hub;

    /// @param scratch folder of this worker alone
    Activities(
            WorkerSettings settings,
            Map<String, String> environment,
            Registry registry,
            ObjectStore store,
            String workerId,
            GangSlots slots,
            Drain drain,
            WorkerMemory memory,
            Path scratch,
            GangSettings gangSettings) {
        Node node = node(settings, environment, scratch);
        StoreCredentials credentials = StoreCredentials.from(environment);
        buckets = SourceBuckets.from(environment);
        hub = Hub.from(environment);
        Sources sources =
                new Sources(
                        FileRoots.parse(
                                settings.fileRoots(),
                                environment.get(FileRoots.CLOSED_VARIABLE),
                                environment.get(FileRoots.PLANS_VARIABLE)),
                        buckets,
                        hub);
        CheckpointStore checkpoints = new ObjectCheckpointStore(store, registry);
        OneProcess processes = new OneProcess(node, credentials, store, memory);
        Exporter exporter = new Exporter(processes, checkpoints);
        ModelPreparation models = new ModelPreparation(store, sources, scratch);
        DatasetPreparation datasets =
                new DatasetPreparation(store, sources, scratch, node.threads());
        shared =
                new Object[] {
                    new RegistryActivitiesImpl(registry),
                    new ModelActivitiesImpl(
                            models, new BegunModels(store, models), registry, drain),
                    new DatasetActivitiesImpl(
                            datasets,
                            new BegunDatasets(store, sources, datasets),
                            registry,
                            store,
                            drain),
                    new AttemptActivitiesImpl(registry, checkpoints, store, workerId, drain),
                    new ExportActivitiesImpl(exporter, registry, drain),
                    new EvaluateActivitiesImpl(new Evaluator(processes, exporter, registry), drain)
                };
        gang =
                new GangActivitiesImpl(
                        new GangSupervisor(
                                GangLaunchers.of(node, credentials),
                                memory,
                                registry,
                                store,
                                checkpoints,
                                scratch,
                                journals(settings.scratch()),
                                gangSettings,
                                workerId),
                        slots,
                        drain);
    }

    /// Those of the queue that every worker takes from without limit.
    Object[] shared() {
        return shared.clone();
    }

    Object gang() {
        return gang;
    }

    /// Closes connections that the activities made for themselves.
    @Override
    public void close() {
        buckets.close();
        hub.close();
    }

    /// Where what could not be recorded waits for the next worker of this machine.
    static Path journals(Path scratch) {
        return scratch.resolve("journal");
    }

    private static Node node(
            WorkerSettings settings, Map<String, String> environment, Path scratch) {
        return new Node(
                settings.java(),
                settings.trainerClasspath(),
                settings.inferenceClasspath(),
                settings.natives(),
                scratch,
                settings.cache(),
                StoreAddress.from(environment),
                Runtime.getRuntime().availableProcessors(),
                settings.memoryBytes(),
                settings.device());
    }
}
