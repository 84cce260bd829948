package dev.tanren.controlplane.connections;

import dev.tanren.controlplane.Settings;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.checkpoint.ObjectCheckpointStore;
import dev.tanren.storage.collector.StoreCollector;
import dev.tanren.storage.objects.RetryPolicy;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.objects.TransferSettings;
import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.workflows.temporal.TemporalSettings;
import io.temporal.client.WorkflowClient;
import io.temporal.serviceclient.WorkflowServiceStubs;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.Config;

/// Makes the connections from the environment variables that every process of Tanren shares.
@Singleton
public class Connections {

    private static final List<String> VARIABLES =
            List.of(
                    "TANREN_DATABASE_URL",
                    "TANREN_DATABASE_USER",
                    "TANREN_DATABASE_PASSWORD",
                    StoreAddress.ENDPOINT_VARIABLE,
                    StoreAddress.REGION_VARIABLE,
                    StoreAddress.BUCKET_VARIABLE,
                    StoreAddress.PREFIX_VARIABLE,
                    StoreAddress.PATH_STYLE_VARIABLE,
                    StoreAddress.ACCESS_KEY_VARIABLE,
                    StoreAddress.SECRET_KEY_VARIABLE);

    /// A person waits for the answer: give up soon and say so.
    private static final RetryPolicy STORE_PATIENCE =
            new RetryPolicy(
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(10),
                    Duration.ofMillis(100),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(4));

    private final Map<String, String> environment = new HashMap<>();

    Connections(Config config) {
        VARIABLES.forEach(variable -> take(config, variable));
        TemporalSettings.VARIABLES.forEach(variable -> take(config, variable));
    }

    private void take(Config config, String variable) {
        config.getOptionalValue(variable, String.class)
                .ifPresent(value -> environment.put(variable, value));
    }

    @Produces
    @Singleton
    PostgresRegistry registry(Settings settings) {
        DatabaseAddress address = DatabaseAddress.from(environment);
        PostgresRegistry.connect(address, settings.startPatience()).close();
        return PostgresRegistry.connect(address, settings.databasePatience());
    }

    void close(@Disposes PostgresRegistry registry) {
        registry.close();
    }

    @Produces
    @Singleton
    StoreAddress storeAddress() {
        return StoreAddress.from(environment);
    }

    @Produces
    @Singleton
    S3ObjectStore objectStore(StoreAddress address) {
        return S3ObjectStore.connect(
                address,
                environment.getOrDefault(StoreAddress.ACCESS_KEY_VARIABLE, ""),
                environment.getOrDefault(StoreAddress.SECRET_KEY_VARIABLE, ""),
                TransferSettings.standard().withRetries(STORE_PATIENCE));
    }

    void close(@Disposes S3ObjectStore store) {
        store.close();
    }

    @Produces
    @Singleton
    CheckpointStore checkpointStore(S3ObjectStore store, PostgresRegistry registry) {
        return new ObjectCheckpointStore(store, registry);
    }

    @Produces
    @Singleton
    StoreCollector storeCollector(
            S3ObjectStore store, PostgresRegistry registry, CheckpointStore checkpoints) {
        return new StoreCollector(store, registry, checkpoints);
    }

    @Produces
    @Singleton
    TemporalSettings temporalSettings() {
        return TemporalSettings.from(environment);
    }

    /// Connects when it is first used, and again whenever Temporal was away.
    @Produces
    @Singleton
    WorkflowServiceStubs temporal(TemporalSettings settings) {
        return WorkflowServiceStubs.newServiceStubs(settings.service());
    }

    void close(@Disposes WorkflowServiceStubs temporal) {
        temporal.shutdownNow();
    }

    @Produces
    @Singleton
    WorkflowClient workflowClient(WorkflowServiceStubs temporal, TemporalSettings settings) {
        return WorkflowClient.newInstance(temporal, settings.client().build());
    }
}
