package dev.tanren.controlplane.situation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.junit.jupiter.api.Test;

class PlatformHealthTest {

    @Test
    void aPartIsAwayFromTheFirstLookThatFoundItSoUntilItAnswersAgain() {
        AtomicBoolean up = new AtomicBoolean(true);
        HealthCheck store =
                () -> HealthCheckResponse.named("object store").status(up.get()).build();
        HealthCheck database = () -> HealthCheckResponse.up("database");
        PlatformHealth health = new PlatformHealth(List.of(store, database));

        health.look();
        assertThat(health.away()).isEmpty();

        up.set(false);
        health.look();
        assertThat(health.away()).containsOnlyKeys("object store");
        Instant since = health.away().get("object store");
        health.look();
        assertThat(health.away()).containsEntry("object store", since);

        up.set(true);
        health.look();
        assertThat(health.away()).isEmpty();
    }
}
