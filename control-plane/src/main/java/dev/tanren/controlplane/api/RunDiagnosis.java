package dev.tanren.controlplane.api;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where the time of a stage's newest steps went, and what holds them up.
///
/// @param stage null where no stage of the run trains
/// @param situation what a person on call is told, which comes before where time goes
/// @param firstStep first and last step that were looked at; 0 where there are too few
/// @param verdict such as `data-bound`; null where there are too few steps, or where the run does
///     not train now: then the steps were before that, and say nothing of what holds it up. The
///     evidence and the mend likewise
/// @param shares of the whole time of all ranks, by part; they add up to 1
/// @param secondsPerStep mean, of the slowest rank
/// @param memoryLimitBytes what each rank may take; null where it is not known, see `RankMemory`
/// @param modelFlopsUtilisation share of the devices' peak that goes into the model (MFU), mean of
///     the slowest rank; null where the peak is not known, as on a CPU
/// @param ranks the same for each rank
public record RunDiagnosis(
        @Nullable String stage,
        Situation situation,
        long firstStep,
        long lastStep,
        @Nullable String verdict,
        @Nullable String evidence,
        @Nullable String mend,
        Map<String, Double> shares,
        @Nullable Double secondsPerStep,
        @Nullable Long memoryLimitBytes,
        @Nullable Double modelFlopsUtilisation,
        List<Rank> ranks) {

    /// @param peakResidentBytes highest resident memory of the rank so far
    public record Rank(
            int rank, double secondsPerStep, Map<String, Double> shares, long peakResidentBytes) {}
}
