package dev.tanren.controlplane.run;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.prepared.PreparedObjects;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Says beforehand what a retry would train on. Sources are not looked at: the workers alone may
/// read them, and they do not decide.
@Singleton
public class InputsOutlook {

    private final PostgresRegistry registry;
    private final PreparedObjects objects;

    InputsOutlook(PostgresRegistry registry, S3ObjectStore store) {
        this.registry = registry;
        this.objects = new PreparedObjects(store);
    }

    /// @return one sentence; null for a run that cannot be tried again, or holds what it trains on
    public @Nullable String of(Run run) {
        return switch (run.status()) {
            case FAILED, CANCELLED -> ofRetry(registry.inputs().find(run.runId()));
            case QUEUED, RUNNING, PAUSING, PAUSED, CANCELLING, SUCCEEDED -> null;
        };
    }

    private String ofRetry(Optional<TrainedOn> began) {
        if (began.isEmpty()) {
            return "Its preparation never came to an end: model and datasets are read from their"
                    + " sources anew.";
        }
        List<String> missing;
        try {
            missing = objects.missing(began.get());
        } catch (TanrenException e) {
            return "Trains on what was prepared when the run began; whether that is whole in the"
                    + " store cannot be told: "
                    + e.what()
                    + " ["
                    + e.where()
                    + "].";
        }
        return missing.isEmpty()
                ? "Trains on what was prepared when the run began, whatever became of the sources"
                        + " since."
                : String.join(", ", missing)
                        + (missing.size() == 1 ? " is" : " are")
                        + " no longer in the store: prepared again, or refused with "
                        + ErrorCode.PREPARED_GONE.code()
                        + " unless the sources are as they were when the run began.";
    }
}
