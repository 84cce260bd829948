package dev.tanren.deploy.stack.internal;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/// Which variables of whoever starts the stack its parts get. All other variables that a part has
/// are the stack's own. A variable that is empty counts as one that is not set.
final class HandedOn {

    private static final String OF_WORKERS = "TANREN_WORKER_";
    private static final String OF_THE_CONTROL_PLANE = "TANREN_API_";

    /// What workers are told besides what begins with [#OF_WORKERS].
    private static final Set<String> ALSO_OF_WORKERS =
            Set.of(
                    "TANREN_S3_ALLOWED_BUCKETS",
                    "TANREN_HUB_ENDPOINT",
                    "TANREN_HUB_TOKEN",
                    "TANREN_DEPLOYMENT_NAME",
                    "TANREN_BUILD_ID");

    private HandedOn() {}

    static Map<String, String> toWorkers(Map<String, String> caller) {
        return of(caller, name -> name.startsWith(OF_WORKERS) || ALSO_OF_WORKERS.contains(name));
    }

    static Map<String, String> toTheControlPlane(Map<String, String> caller) {
        return of(caller, name -> name.startsWith(OF_THE_CONTROL_PLANE));
    }

    private static Map<String, String> of(Map<String, String> caller, Predicate<String> which) {
        Map<String, String> handed = new TreeMap<>(caller);
        handed.keySet().removeIf(which.negate());
        handed.values().removeIf(String::isBlank);
        return handed;
    }
}
