package dev.tanren.plan.planner;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Phase;

/// In what batches a stage's held-out documents are measured: the same in each of its phases and in
/// the gate, so that the state before the stage and every state after it are measured on the same
/// blocks.
///
/// @param sequenceLength that of the stage's longest phase, whether it runs or not
/// @param sequences of a batch, so many that a batch takes no more places than a micro-batch of the
///     stage's shortest phase; at least one
public record EvaluationBatch(int sequenceLength, int sequences) {

    public static EvaluationBatch of(TrainingStage stage) {
        int longest = stage.phases().stream().mapToInt(Phase::sequenceLength).max().orElseThrow();
        int shortest = stage.phases().stream().mapToInt(Phase::sequenceLength).min().orElseThrow();
        long sequences = (long) stage.microBatch() * shortest / longest;
        return new EvaluationBatch(longest, Math.toIntExact(Math.max(1, sequences)));
    }

    /// Places of a batch.
    public long places() {
        return (long) sequenceLength * sequences;
    }
}
