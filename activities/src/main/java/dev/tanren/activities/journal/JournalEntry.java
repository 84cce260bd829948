package dev.tanren.activities.journal;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.storage.registry.AttemptStatus;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.Registry;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One thing that an attempt records. Writing it twice, or late, changes nothing that is newer.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
@JsonSubTypes({
    @JsonSubTypes.Type(value = JournalEntry.Waits.class, name = "waits"),
    @JsonSubTypes.Type(value = JournalEntry.Launched.class, name = "launched"),
    @JsonSubTypes.Type(value = JournalEntry.Steps.class, name = "steps"),
    @JsonSubTypes.Type(value = JournalEntry.Evaluated.class, name = "evaluated"),
    @JsonSubTypes.Type(value = JournalEntry.Happened.class, name = "happened"),
    @JsonSubTypes.Type(value = JournalEntry.Ended.class, name = "ended")
})
public sealed interface JournalEntry {

    void write(Registry registry);

    /// The attempt waits before its ranks are launched.
    record Waits(long fencingToken, String reason) implements JournalEntry {
        @Override
        public void write(Registry registry) {
            registry.attempts().waits(fencingToken, reason);
        }
    }

    /// Ranks were launched.
    record Launched(long fencingToken, String worker) implements JournalEntry {
        @Override
        public void write(Registry registry) {
            registry.attempts().launched(fencingToken, worker);
        }
    }

    /// Steps were done.
    ///
    /// @param reached newest step of all
    record Steps(
            String runId,
            String stageId,
            String phaseId,
            long fencingToken,
            List<Row> rows,
            long reached)
            implements JournalEntry {

        @Override
        public void write(Registry registry) {
            registry.metrics()
                    .record(runId, stageId, fencingToken, rows.stream().map(Row::step).toList());
            registry.runs().setProgress(runId, stageId, fencingToken, phaseId, reached);
        }
    }

    /// A step's figures.
    ///
    /// @param at ISO 8601 instant
    record Row(
            long number,
            int rank,
            int attempt,
            String phaseId,
            String batchHash,
            Map<String, Double> values,
            String at) {

        public static Row of(StepRow step) {
            return new Row(
                    step.step(),
                    step.rank(),
                    step.attempt(),
                    step.phaseId(),
                    step.batchHash(),
                    step.values(),
                    step.at().toString());
        }

        StepRow step() {
            return new StepRow(
                    number, rank, attempt, phaseId, false, batchHash, values, Instant.parse(at));
        }
    }

    /// Held-out data was measured.
    record Evaluated(
            String runId,
            String stageId,
            long fencingToken,
            long step,
            Map<String, EvaluationRow> datasets)
            implements JournalEntry {

        @Override
        public void write(Registry registry) {
            registry.metrics().recordEvaluation(runId, stageId, fencingToken, step, datasets);
        }
    }

    /// An event.
    record Happened(
            String runId,
            String type,
            String stageId,
            String message,
            Map<String, Object> data,
            String key)
            implements JournalEntry {

        @Override
        public void write(Registry registry) {
            registry.events().append(runId, type, stageId, message, data, key);
        }
    }

    /// The attempt ended.
    record Ended(
            long fencingToken,
            AttemptStatus status,
            String reason,
            @Nullable ErrorCode error,
            long lastStep)
            implements JournalEntry {

        @Override
        public void write(Registry registry) {
            registry.attempts().end(fencingToken, status, reason, error, lastStep);
        }
    }
}
