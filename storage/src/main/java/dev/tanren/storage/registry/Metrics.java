package dev.tanren.storage.registry;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/// Figures of steps and evaluations.
public interface Metrics {

    /// Stores steps, idempotent by (run, stage, step, rank): a later attempt's figures replace
    /// those of a step that was rolled back, and a stale attempt's figures replace nothing.
    void record(String runId, String stageId, long fencingToken, List<StepRow> steps);

    void recordEvaluation(
            String runId,
            String stageId,
            long fencingToken,
            long step,
            Map<String, EvaluationRow> datasets);

    /// Rank 0's steps of a stage in order, at most `maximumPoints`, those included that a later
    /// attempt undid. Where there are more, they are thinned so that of each equal part of the
    /// steps those stay at which a series is smallest or largest, for every series; where there are
    /// fewer than two points for each series, for the loss first and the gradient's norm second.
    /// The newest step is always among them.
    List<StepRow> steps(String runId, String stageId, long fromStep, int maximumPoints);

    /// As [#steps] from the first step on, thinned for one series alone, such as `loss`.
    List<StepRow> trend(String runId, String stageId, String series, int maximumPoints);

    /// As [#trend] of a stage of each of many runs, by run, asked for at once.
    Map<String, List<StepRow>> trends(
            Collection<StageKey> stages, String series, int maximumPoints);

    /// Rank 0's newest steps of a stage of each of many runs, by run and in order, asked for at
    /// once: at most `limit` of each, and none that a later attempt undid.
    ///
    /// @param fromSteps the first step that counts, by stage
    Map<String, List<StepRow>> newest(Map<StageKey, Long> fromSteps, int limit);

    /// Rank 0's steps of a stage from `fromStep` on, each of them, at most `limit`; those that a
    /// later attempt undid are left out.
    List<StepRow> stepsFrom(String runId, String stageId, long fromStep, int limit);

    /// The newest `steps` steps of the stage's newest attempt, of every rank, by step and rank.
    /// The attempt's first two are left out: they are those of a cold machine.
    List<StepRow> newestSteps(String runId, String stageId, int steps);

    /// For each rank the step of a stage that it reported last, those included that a later attempt
    /// undid. Ranks that reported none are left out.
    List<LastStep> lastSteps(String runId, String stageId, int ranks);

    List<EvaluationRow> evaluations(String runId, String stageId);

    /// @param values by metric name: `loss`, `learningRate`, `gradientNorm`, `tokens`,
    ///     `sequenceLength`, `residentBytes`, `seconds.total`, `seconds.data`, `seconds.forward`, …
    /// @param rolledBack the step was undone by a later attempt and not yet run again
    /// @param at when it was reported: as it is recorded, by the worker's clock, and as it is read,
    ///     by the database's
    record StepRow(
            long step,
            int rank,
            int attempt,
            String phaseId,
            boolean rolledBack,
            String batchHash,
            Map<String, Double> values,
            Instant at) {

        /// The same step at another time.
        public StepRow later(Duration duration) {
            return new StepRow(
                    step, rank, attempt, phaseId, rolledBack, batchHash, values, at.plus(duration));
        }
    }

    /// @param at when it was reported, by the database's clock
    record LastStep(int rank, long step, Instant at) {}

    /// A stage of a run.
    record StageKey(String runId, String stageId) {}

    record EvaluationRow(long step, String dataset, double loss, double perplexity, long tokens) {}
}
