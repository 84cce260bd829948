package dev.tanren.launch;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.run.PhaseAttempt;
import dev.tanren.storage.objects.StoreAddress;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What one rank is told.
///
/// @param work what all ranks do together
/// @param rendezvousHost where rank 0 serves the TCP store
/// @param reportSocket path of the Unix domain socket of the worker
/// @param scratch folder of this rank alone, emptied by the worker
/// @param cache folder shared by all processes of the node, for immutable objects by content hash
/// @param initialState weights and optimizer state before the first step
/// @param memoryLimitBytes most that this rank may have resident; null where nobody says
public record RankLaunch(
        PhaseAttempt work,
        int rank,
        int worldSize,
        String rendezvousHost,
        int rendezvousPort,
        String reportSocket,
        String scratch,
        String cache,
        StoreAddress store,
        InitialState initialState,
        @Nullable Long memoryLimitBytes) {

    public Architecture architecture() {
        return work.trainedOn().model().architecture();
    }

    /// Key of the dataset manifest in the object store, by the dataset's name in the plan.
    public Map<String, String> datasets() {
        return work.trainedOn().manifestKeys();
    }
}
