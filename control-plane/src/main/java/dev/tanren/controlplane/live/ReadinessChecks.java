package dev.tanren.controlplane.live;

import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.PostgresRegistry;
import io.temporal.api.workflowservice.v1.GetSystemInfoRequest;
import io.temporal.serviceclient.WorkflowServiceStubs;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Whether each part that requests need answers right now.
@ApplicationScoped
public class ReadinessChecks {

    private static final long TEMPORAL_SECONDS = 2;

    @Produces
    @Readiness
    HealthCheck database(PostgresRegistry registry) {
        return () -> check("database", registry::ping);
    }

    @Produces
    @Readiness
    HealthCheck objectStore(S3ObjectStore store) {
        return () -> check("object store", () -> store.find("health"));
    }

    @Produces
    @Readiness
    HealthCheck temporal(WorkflowServiceStubs temporal) {
        return () ->
                check(
                        "temporal",
                        () ->
                                temporal.blockingStub()
                                        .withDeadlineAfter(TEMPORAL_SECONDS, TimeUnit.SECONDS)
                                        .getSystemInfo(GetSystemInfoRequest.getDefaultInstance()));
    }

    private static HealthCheckResponse check(String name, Runnable call) {
        try {
            call.run();
            return HealthCheckResponse.up(name);
        } catch (TanrenException e) {
            return HealthCheckResponse.named(name).down().withData("code", e.code().code()).build();
        } catch (RuntimeException e) {
            return HealthCheckResponse.down(name);
        }
    }
}
