package dev.tanren.launch;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;

/// Opens the object store that a launch names, with the keys that the worker put into the
/// environment.
public final class StoreConnection {

    private StoreConnection() {}

    /// @throws TanrenException `RANK_LAUNCH` where a key is not in the environment
    public static ObjectStore open(StoreAddress address) {
        return S3ObjectStore.connect(
                address,
                secret(StoreAddress.ACCESS_KEY_VARIABLE),
                secret(StoreAddress.SECRET_KEY_VARIABLE));
    }

    private static String secret(String variable) {
        String value = System.getenv(variable);
        if (value == null) {
            throw new TanrenException(
                    ErrorCode.RANK_LAUNCH,
                    "the environment variable is not set",
                    variable,
                    "A worker hands the store's keys to its processes in their environment.");
        }
        return value;
    }
}
