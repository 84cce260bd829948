package dev.tanren.controlplane.security;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.util.Map;

/// A server that a proxy on this machine stands in front of, with limits that are soon reached.
public final class BehindAProxy implements QuarkusTestProfile {

    static final int FAILURES = 3;

    @Override
    public Map<String, String> getConfigOverrides() {
        return Map.of(
                "tanren.api.trusted-proxies", "127.0.0.1,10.0.0.0/8",
                "tanren.api.allowed-hosts", "tanren.example",
                "tanren.api.failures-per-second", "0",
                "tanren.api.failure-burst", Integer.toString(FAILURES),
                "tanren.api.connection-patience", "PT1S",
                "tanren.api.body-patience", "PT1S");
    }
}
