package dev.tanren.activities.process;

import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.objects.RunKeys;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.objects.StoreScope;
import java.util.List;
import java.util.Map;

/// The keys of the object store, for the environment of launched processes and nowhere else.
public final class StoreCredentials {

    private final StoreAddress store;
    private final String accessKey;
    private final String secretKey;
    private final RunKeys kind;

    /// @param accessKey the worker's own
    /// @param kind what of it the processes of a run get
    public StoreCredentials(StoreAddress store, String accessKey, String secretKey, RunKeys kind) {
        this.store = store;
        this.accessKey = accessKey;
        this.secretKey = secretKey;
        this.kind = kind;
    }

    /// The worker's, by its environment.
    public static StoreCredentials from(Map<String, String> environment) {
        return new StoreCredentials(
                StoreAddress.from(environment),
                environment.getOrDefault(StoreAddress.ACCESS_KEY_VARIABLE, ""),
                environment.getOrDefault(StoreAddress.SECRET_KEY_VARIABLE, ""),
                RunKeys.from(environment));
    }

    /// What a process of a stage has in its environment. Where keys are derived, they open the
    /// stage's own objects and, to read, those of its run and what it trains on.
    public Map<String, String> environment(String runId, String stageId, TrainedOn trainedOn) {
        return switch (kind) {
            case SHARED -> keys(accessKey, secretKey);
            case DERIVED -> {
                String key =
                        StoreScope.ofStage(store, runId, stageId, List.copyOf(trainedOn.prefixes()))
                                .accessKey();
                yield keys(key, StoreScope.secretKey(key, secretKey));
            }
        };
    }

    private static Map<String, String> keys(String accessKey, String secretKey) {
        return Map.of(
                StoreAddress.ACCESS_KEY_VARIABLE, accessKey,
                StoreAddress.SECRET_KEY_VARIABLE, secretKey);
    }

    @Override
    public String toString() {
        return "StoreCredentials";
    }
}
