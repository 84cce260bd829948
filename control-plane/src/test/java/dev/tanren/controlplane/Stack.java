package dev.tanren.controlplane;

import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.EmbeddedS3;
import dev.tanren.workflows.payload.PayloadKeys;
import dev.tanren.workflows.testing.TemporalServer;
import dev.tanren.workflows.testing.TestKeys;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// PostgreSQL, an S3 server and, where its binary is at hand, Temporal, all on free loopback ports.
public final class Stack implements QuarkusTestResourceLifecycleManager {

    static final String ADMIN_TOKEN = "tnr_an-administrator-of-the-tests";

    /// How many requests a token of the tests may make in all.
    public static final int REQUESTS_OF_A_TOKEN = 100;

    /// The port that nobody may listen on.
    private static final String NOWHERE = "127.0.0.1:1";

    static final String TEMPORAL_RUNS = "tanren.test.temporal";

    private @Nullable EmbeddedDatabase database;
    private @Nullable EmbeddedS3 objects;
    private @Nullable TemporalServer temporal;

    @Override
    public Map<String, String> start() {
        temporal = TemporalServer.start().orElse(null);
        database = EmbeddedDatabase.start();
        objects = EmbeddedS3.start();
        objects.store("tanren-test").close();
        DatabaseAddress address = database.fresh();
        Map<String, String> environment = new HashMap<>(objects.environment("tanren-test"));
        environment.put("TANREN_DATABASE_URL", address.url());
        environment.put("TANREN_DATABASE_USER", address.user());
        environment.put("TANREN_DATABASE_PASSWORD", address.password());
        environment.put("TANREN_TEMPORAL_ADDRESS", temporal == null ? NOWHERE : temporal.address());
        environment.put(PayloadKeys.VARIABLE, TestKeys.WRITTEN);
        environment.put("TANREN_ADMIN_TOKEN", ADMIN_TOKEN);
        environment.put(TEMPORAL_RUNS, Boolean.toString(temporal != null));
        environment.put("tanren.api.orchestrator-patience", temporal == null ? "PT0.3S" : "PT15S");
        // Nothing is filled up again, so that what is refused does not depend on the clock.
        environment.put("tanren.api.requests-per-second", "0");
        environment.put("tanren.api.request-burst", Integer.toString(REQUESTS_OF_A_TOKEN));
        environment.put("tanren.api.failure-burst", "100000");
        environment.put("tanren.api.look-up-burst", "100000");
        // Runs that tests record have no workflow: nobody looks for it but the tests of that.
        environment.put("tanren.api.start-grace", "PT1H");
        // Tests have them written when they look.
        environment.put("tanren.api.refusal-interval", "PT1H");
        environment.put("tanren.api.heartbeat", "PT0.5S");
        environment.put("tanren.api.event-interval", "PT0.1S");
        return environment;
    }

    @Override
    public void stop() {
        if (temporal != null) {
            temporal.close();
        }
        if (objects != null) {
            objects.close();
        }
        if (database != null) {
            database.close();
        }
    }
}
