package dev.tanren.activities.process;

import dev.tanren.storage.objects.StoreAddress;
import java.util.Map;

/// The keys of the object store, for the environment of launched processes and nowhere else.
public final class StoreCredentials {

    private final String accessKey;
    private final String secretKey;

    public StoreCredentials(String accessKey, String secretKey) {
        this.accessKey = accessKey;
        this.secretKey = secretKey;
    }

    public Map<String, String> environment() {
        return Map.of(
                StoreAddress.ACCESS_KEY_VARIABLE, accessKey,
                StoreAddress.SECRET_KEY_VARIABLE, secretKey);
    }

    @Override
    public String toString() {
        return "StoreCredentials";
    }
}
