package dev.tanren.storage.objects;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.Map;

/// Which keys of the object store the processes of a run get from their worker.
public enum RunKeys {
    /// The worker's own, which open all that it opens.
    SHARED,
    /// Those of a [StoreScope], for a store that knows them: the embedded one.
    DERIVED;

    /// By `TANREN_S3_RUN_KEYS`: `shared`, which is the default, or `derived`.
    ///
    /// @throws TanrenException `STORE_REFUSED` for another word
    public static RunKeys from(Map<String, String> environment) {
        String word = environment.getOrDefault(StoreAddress.RUN_KEYS_VARIABLE, "");
        return switch (word) {
            case "", "shared" -> SHARED;
            case "derived" -> DERIVED;
            default ->
                    throw new TanrenException(
                            ErrorCode.STORE_REFUSED,
                            "`" + word + "` is not shared or derived",
                            StoreAddress.RUN_KEYS_VARIABLE,
                            "Leave it out, unless the store is that of the embedded stack.");
        };
    }
}
