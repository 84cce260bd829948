package dev.tanren.launch;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Plan;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.objects.StoreAddress;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What one rank is told.
///
/// @param fencingToken rises with every attempt of the stage; part of every object key a rank
///     writes
/// @param rendezvousHost where rank 0 serves the TCP store
/// @param reportSocket path of the Unix domain socket of the worker
/// @param scratch folder of this rank alone, emptied by the worker
/// @param cache folder shared by all processes of the node, for immutable objects by content hash
/// @param trainedOn the model's shape and the datasets; a checkpoint of anything else is refused
/// @param initialState weights and optimizer state before the first step
/// @param lastStep the rank ends in good order after this step (the last one of the phase), having
///     saved it
/// @param checkpointPrefix key prefix of the stage's checkpoints, `runs/<run>/<stage>/checkpoints/`
/// @param skippedSteps steps whose batches are left out, because an earlier attempt was rolled back
///     from them
/// @param skippedPhases ids of the stage's phases that were left out before this one: the learning
///     rate's course and the mean of the weights are of those that run
/// @param memoryLimitBytes most that this rank may have resident; null where nobody says
public record RankLaunch(
        String runId,
        String stageId,
        String phaseId,
        int attempt,
        long fencingToken,
        int rank,
        int worldSize,
        String rendezvousHost,
        int rendezvousPort,
        String reportSocket,
        String scratch,
        String cache,
        StoreAddress store,
        Plan plan,
        TrainedOn trainedOn,
        InitialState initialState,
        long lastStep,
        String checkpointPrefix,
        List<Long> skippedSteps,
        List<String> skippedPhases,
        @Nullable Long memoryLimitBytes) {
    public RankLaunch {
        skippedSteps = List.copyOf(skippedSteps);
        skippedPhases = List.copyOf(skippedPhases);
    }

    public Architecture architecture() {
        return trainedOn.model().architecture();
    }

    /// Key of the dataset manifest in the object store, by the dataset's name in the plan.
    public Map<String, String> datasets() {
        return trainedOn.manifestKeys();
    }
}
