package dev.tanren.launch;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tanren.plan.Anomalies;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a launched process tells its worker, one JSON object a line.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Report.Hello.class, name = "hello"),
    @JsonSubTypes.Type(value = Report.Ready.class, name = "ready"),
    @JsonSubTypes.Type(value = Report.ProductsMeasured.class, name = "productsMeasured"),
    @JsonSubTypes.Type(value = Report.StepFinished.class, name = "stepFinished"),
    @JsonSubTypes.Type(value = Report.AnomalyFound.class, name = "anomalyFound"),
    @JsonSubTypes.Type(value = Report.StepSkipped.class, name = "stepSkipped"),
    @JsonSubTypes.Type(value = Report.Evaluated.class, name = "evaluated"),
    @JsonSubTypes.Type(value = Report.Working.class, name = "working"),
    @JsonSubTypes.Type(value = Report.PeerAwaited.class, name = "peerAwaited"),
    @JsonSubTypes.Type(value = Report.SaveAwaited.class, name = "saveAwaited"),
    @JsonSubTypes.Type(value = Report.ShardSaved.class, name = "shardSaved"),
    @JsonSubTypes.Type(value = Report.Finished.class, name = "finished"),
    @JsonSubTypes.Type(value = Report.Preempted.class, name = "preempted"),
    @JsonSubTypes.Type(value = Report.Failed.class, name = "failed")
})
public sealed interface Report {

    /// Follows the name of a dataset that the mean of the weights was measured on.
    String AVERAGED = "@averaged";

    /// First report of every process.
    record Hello(int rank, long pid) implements Report {}

    /// The rank has its state and is about to run `step + 1`.
    ///
    /// @param secondsToReady from the start of the process
    /// @param device what it computes on, as the driver names it, or `cpu`; null where an older
    ///     rank does not say
    record Ready(
            int rank, long step, double secondsToReady, long parameters, @Nullable String device)
            implements Report {}

    /// How fast this process multiplies matrices, measured by the first rank before a stage in
    /// bf16.
    ///
    /// @param fp32Gflops billions of multiplications and additions a second
    /// @param bf16Gflops the same in bf16
    record ProductsMeasured(int rank, double fp32Gflops, double bf16Gflops) implements Report {

        /// For people.
        public String inWords() {
            double ratio = bf16Gflops / fp32Gflops;
            return String.format(
                    Locale.ROOT,
                    "bf16 products run at %.2f times the speed of fp32 here (%.1f against %.1f"
                            + " GFLOP/s): this stage will be %s",
                    ratio,
                    bf16Gflops,
                    fp32Gflops,
                    ratio > 1 + ABOUT
                            ? "faster than in fp32"
                            : ratio < 1 - ABOUT
                                    ? "slower than in fp32"
                                    : "about as fast as in fp32");
        }

        private static final double ABOUT = 0.1;
    }

    /// An optimizer step was applied. Loss, rate, norm and tokens are those of the whole global
    /// batch, equal on all ranks.
    ///
    /// @param loss mean cross-entropy per target token, in nats
    /// @param zLoss mean of the z-loss per target token, its factor included; null where the plan
    ///     has none
    /// @param gradientNorm before clipping
    /// @param tokens target tokens of the step
    /// @param batchHash hash of the sample ids of the global batch, hexadecimal
    /// @param residentBytes peak resident memory of the process so far
    record StepFinished(
            int rank,
            long step,
            String phase,
            double loss,
            @Nullable Double zLoss,
            double learningRate,
            double gradientNorm,
            long tokens,
            int sequenceLength,
            String batchHash,
            StepSeconds seconds,
            long residentBytes)
            implements Report {}

    /// Where the time of a step went, in seconds; what is left of `total` is unaccounted.
    ///
    /// @param copy of weights to where, and in the format in which, they are computed with, and of
    ///     gradients back
    record StepSeconds(
            double data,
            double copy,
            double forward,
            double backward,
            double communication,
            double optimizer,
            double checkpoint,
            double total) {}

    /// A step is not to be applied. Equal on all ranks.
    ///
    /// With [Anomalies.Policy#SKIP] a [StepSkipped] follows. With `ROLLBACK` and `PAUSE` the rank
    /// ends with [ExitCode#ANOMALY], having stored what it was saving; with `FAIL` a [Failed]
    /// follows.
    ///
    /// @param loss mean cross-entropy per target token of the step, which may not be finite
    /// @param gradientNorm before clipping; may not be finite
    /// @param median of the losses that it was compared with; null where there are too few
    /// @param action what the rank does, which past the limit is to wait for a person
    /// @param samples names of those that most likely caused it
    record AnomalyFound(
            int rank,
            long step,
            String phase,
            AnomalyKind kind,
            double loss,
            double gradientNorm,
            @Nullable Double median,
            Anomalies.Policy action,
            List<String> samples)
            implements Report {
        public AnomalyFound {
            samples = List.copyOf(samples);
        }
    }

    enum AnomalyKind {
        /// Loss or gradient.
        NON_FINITE,
        /// The loss lies far above those before it.
        SPIKE
    }

    /// A step's batch was used up without changing the weights, because of an anomaly in this
    /// attempt or in the one before it.
    ///
    /// @param batchHash hash of the sample ids of the global batch, hexadecimal
    /// @param lastLoss loss of the last step of the stage that was applied; NaN where there is none
    record StepSkipped(int rank, long step, String phase, String batchHash, double lastLoss)
            implements Report {}

    /// Mean loss on held-out blocks of each dataset; those of the mean of the weights are named
    /// `<dataset>@averaged`.
    record Evaluated(int rank, long step, Map<String, Evaluation> datasets) implements Report {}

    /// @param loss mean cross-entropy per target token, in nats
    record Evaluation(double loss, double perplexity, long tokens) {}

    /// A shard of the checkpoint of `step` is in the object store, whole.
    ///
    /// The worker commits the checkpoint when it has this from every rank.
    ///
    /// @param state what only the checkpoint knows beside tensors: schedule, data offsets, random
    ///     state; equal on all ranks
    record ShardSaved(
            int rank,
            long step,
            CheckpointManifest.Shard shard,
            Map<String, String> state,
            double seconds)
            implements Report {}

    /// The rank works at something that takes long. Comes when a kind of work is begun for the
    /// first time, and after that once a second at most, whenever a part of it is done: a layer, a
    /// chunk of logits, a tensor. So a rank from which nothing comes is stuck, however long its
    /// steps are.
    ///
    /// @param step which it computes, or the last one before the work
    /// @param done of `of` larger parts, such as micro-batches; 0 of 0 where there are none
    record Working(int rank, long step, Work work, long done, long of) implements Report {

        /// For people, such as `computing step 12, 3 of 8 micro-batches are done`.
        public String inWords() {
            return switch (work) {
                case RESTORING -> "restoring the state" + parts("tensors");
                case COMPUTING -> "computing step " + step + parts("micro-batches");
                case UPDATING -> "updating the weights in step " + step;
                case SAVING -> "copying the state of step " + step + " to save it";
                case EVALUATING -> "evaluating after step " + step + parts("batches");
            };
        }

        private String parts(String parts) {
            return of == 0 ? "" : ", " + done + " of " + of + " " + parts + " are done";
        }
    }

    /// What a rank works at between two reports that say more.
    enum Work {
        /// Loading weights, optimizer state and data.
        RESTORING,
        /// Forward and backward passes, and their sum over ranks.
        COMPUTING,
        UPDATING,
        SAVING,
        EVALUATING
    }

    /// The rank does nothing but wait for another one's part of a sum. Comes every few seconds, so
    /// that who waits for this rank looks at the other.
    ///
    /// @param peer null where it waits for all others to start
    /// @param seconds since it waits
    record PeerAwaited(int rank, @Nullable Integer peer, double seconds) implements Report {

        /// For people.
        public String inWords() {
            return peer == null ? "waiting for the other ranks" : "waiting for rank " + peer;
        }
    }

    /// Training stands still until the checkpoint of `step` is in the object store. Comes every few
    /// seconds, so that who waits for the rank knows what the rank waits for.
    ///
    /// @param seconds since it stands still
    record SaveAwaited(int rank, long step, double seconds) implements Report {}

    /// The process did what it was launched for.
    record Finished(int rank, long step, Map<String, String> results) implements Report {}

    /// SIGTERM came; everything up to `step` is saved.
    record Preempted(int rank, long step) implements Report {}

    /// The process will end by this error.
    ///
    /// @param code constant name of `ErrorCode`
    record Failed(int rank, String code, String what, String where, String mend)
            implements Report {}
}
