package dev.tanren.trainer.rank;

import dev.tanren.launch.RankLaunch;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.planner.MemoryForecast;
import dev.tanren.plan.planner.Proposal;
import dev.tanren.plan.planner.Proposals;
import dev.tanren.trainer.device.ComputeDevice;
import java.util.Optional;

/// Ends a rank that would take more memory than it may, before the kernel does.
///
/// It looks twice: at the launch, where the prediction alone is far beyond the limit, and after the
/// launch's second step, when everything that a step takes has been taken once and is measured.
/// Those steps are the run's own. Where nobody said what the limit is, it looks not at all.
final class MemoryLimit {

    private static final int WARM_UP_STEPS = 2;
    private static final long MIB = 1L << 20;

    private final RankLaunch launch;
    private final TrainingStage stage;
    private final boolean ownMemory;
    private final MemoryForecast forecast;
    private int computed;
    private boolean measured;
    private boolean saved;
    private boolean evaluated;

    /// @param ownMemory whether the rank computes on a device with its own memory; its limit is of
    ///     the host's
    MemoryLimit(RankLaunch launch, TrainingStage stage, boolean ownMemory) {
        this.launch = launch;
        this.stage = stage;
        this.ownMemory = ownMemory;
        this.forecast =
                MemoryForecast.of(stage, launch.architecture(), launch.work().phaseId(), ownMemory);
    }

    /// @throws TanrenException `RANK_MEMORY_LIMIT` where not even a prediction that is wrong by as
    ///     much as predictions are would let the rank train
    void requirePossible() {
        Long limit = launch.memoryLimitBytes();
        if (limit != null && forecast.certainlyExceeds(limit)) {
            throw exceeded(
                    "the rank would need about "
                            + mebibytes(forecast.predictedBytes())
                            + " by the planner's count, of which nothing is measured yet; its limit is "
                            + mebibytes(limit),
                    limit);
        }
    }

    /// @param device that the rank computes on
    /// @throws TanrenException `RANK_MEMORY_LIMIT` where its own memory is too small by more than
    ///     predictions are wrong
    void requireFits(ComputeDevice device) {
        long has = device.memoryBytes();
        if (ownMemory && has > 0 && forecast.certainlyExceedsDevice(has)) {
            throw new TanrenException(
                    ErrorCode.RANK_MEMORY_LIMIT,
                    "the rank would need about "
                            + mebibytes(forecast.deviceBytes())
                            + " of its device's memory by the planner's count, which was never"
                            + " measured on a GPU; "
                            + device.driverName()
                            + " has "
                            + mebibytes(has),
                    where(),
                    Proposals.advice(stage, Proposals.smallerThan(stage, launch.architecture())));
        }
    }

    /// Forward and backward pass of a step were done; a step that is left out has none.
    void computed() {
        computed++;
    }

    /// The copy for a checkpoint was made.
    void saved() {
        saved = true;
    }

    /// The model was measured on held-out data.
    void evaluated() {
        evaluated = true;
    }

    /// A step ended.
    ///
    /// @throws TanrenException `RANK_MEMORY_LIMIT` after the second that was computed, where the
    ///     rank is going to need more than it may have
    void stepEnded() {
        Long limit = launch.memoryLimitBytes();
        if (limit == null || measured || computed < WARM_UP_STEPS) {
            return;
        }
        measured = true;
        ResidentMemory memory = ResidentMemory.read();
        long needed =
                forecast.neededBytes(memory.residentBytes(), memory.peakBytes(), saved, evaluated);
        if (needed > limit) {
            throw exceeded(
                    "the rank needs about "
                            + mebibytes(needed)
                            + ": it had "
                            + mebibytes(memory.peakBytes())
                            + " at most in its first steps, and "
                            + mebibytes(forecast.toCome(saved, evaluated))
                            + " are to come ("
                            + whatComes()
                            + "); its limit is "
                            + mebibytes(limit)
                            + ", the planner had expected "
                            + mebibytes(forecast.predictedBytes()),
                    limit - (needed - forecast.predictedBytes()));
        }
    }

    private String whatComes() {
        String all =
                (saved ? "" : ", the copy for checkpoints")
                        + (evaluated || forecast.evaluationBytes() == 0 ? "" : ", evaluations")
                        + (forecast.laterBytes() == 0 ? "" : ", later phases");
        return all.isEmpty() ? "nothing new" : all.substring(2);
    }

    /// @param fitting what a rank may take by the planner's count
    private TanrenException exceeded(String what, long fitting) {
        return new TanrenException(
                ErrorCode.RANK_MEMORY_LIMIT,
                what,
                where(),
                ownMemory
                        ? "weights, gradient, the optimizer's state and the copy for checkpoints are"
                                + " in the host's memory, whatever the batch: give the worker more"
                                + " memory, or TANREN_WORKER_MEMORY where it has more than that, or"
                                + " train with fewer ranks on it"
                        : smaller(fitting)
                                + "; or: give the worker more memory, or TANREN_WORKER_MEMORY where"
                                + " it has more than that");
    }

    /// Settings that do not fit either are not named: whoever took them would be back here.
    private String smaller(long fitting) {
        Optional<Proposal> settings = Proposals.within(stage, launch.architecture(), fitting);
        return settings.isPresent()
                ? Proposals.advice(stage, settings)
                : "no settings on as many ranks fit: make the model, the sequences or the batch of"
                        + " stage "
                        + stage.id()
                        + " smaller";
    }

    private String where() {
        return "rank "
                + launch.rank()
                + ", stage "
                + stage.id()
                + ", phase "
                + launch.work().phaseId();
    }

    private static String mebibytes(long bytes) {
        return Math.ceilDiv(bytes, MIB) + " MiB";
    }
}
