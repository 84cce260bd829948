package dev.tanren.controlplane.live;

import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.PostgresRegistry;
import io.temporal.api.workflowservice.v1.GetSystemInfoRequest;
import io.temporal.serviceclient.WorkflowServiceStubs;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Whether each part that requests need answers. Anyone may ask, so each is asked once a second at
/// most.
@ApplicationScoped
public class ReadinessChecks {

    private static final long TEMPORAL_SECONDS = 2;

    @Produces
    @Singleton
    @Readiness
    HealthCheck database(PostgresRegistry registry) {
        return lately(() -> check("database", registry::ping));
    }

    @Produces
    @Singleton
    @Readiness
    HealthCheck objectStore(S3ObjectStore store) {
        return lately(() -> check("object store", () -> store.find("health")));
    }

    @Produces
    @Singleton
    @Readiness
    HealthCheck temporal(WorkflowServiceStubs temporal) {
        return lately(
                () ->
                        check(
                                "temporal",
                                () ->
                                        temporal.blockingStub()
                                                .withDeadlineAfter(
                                                        TEMPORAL_SECONDS, TimeUnit.SECONDS)
                                                .getSystemInfo(
                                                        GetSystemInfoRequest
                                                                .getDefaultInstance())));
    }

    private static HealthCheck lately(Supplier<HealthCheckResponse> check) {
        return new Lately<>(check, System::nanoTime)::get;
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
