package dev.tanren.storage.checkpoint;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.Checkpoints.Row;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Goes back from a stage's newest checkpoint to the first that may be used.
final class NewestCheckpoint {

    private final Checkpoints registry;
    private final Inspection inspection;

    NewestCheckpoint(Checkpoints registry, Inspection inspection) {
        this.registry = registry;
        this.inspection = inspection;
    }

    /// Where none holds, those that are quarantined are looked at once more: somebody may have
    /// restored their objects.
    ///
    /// @throws TanrenException `CHECKPOINT_NONE_VALID` when the stage has checkpoints but none that
    ///     holds
    Optional<Committed> of(String runId, String stageId) {
        while (true) {
            List<Row> rows = registry.list(runId, stageId);
            boolean moved = false;
            for (Row row : rows) {
                Verdict verdict = inspection.of(row);
                if (verdict instanceof Verdict.Sound sound) {
                    return Optional.of(sound.checkpoint());
                }
                // One that is gone by now was removed for a newer one, which is not in this list.
                moved |= verdict instanceof Verdict.Gone;
            }
            if (!moved) {
                return restored(runId, stageId);
            }
        }
    }

    private Optional<Committed> restored(String runId, String stageId) {
        List<Row> quarantined =
                registry.list(runId).stream()
                        .filter(row -> row.stageId().equals(stageId))
                        .sorted(Comparator.comparingLong(Row::step).reversed())
                        .toList();
        String newest = "";
        for (Row row : quarantined) {
            switch (inspection.of(row)) {
                case Verdict.Sound sound -> {
                    return Optional.of(sound.checkpoint());
                }
                case Verdict.Damaged damaged ->
                        newest = newest.isEmpty() ? damaged.reason() : newest;
                case Verdict.Gone _ -> {}
            }
        }
        if (!quarantined.isEmpty()) {
            throw noneValid(stageId, newest);
        }
        return Optional.empty();
    }

    static TanrenException noneValid(String stageId, String why) {
        return new TanrenException(
                ErrorCode.CHECKPOINT_NONE_VALID,
                "no checkpoint of the stage verifies"
                        + (why.isEmpty() ? "" : "; of the newest: " + why),
                "stage " + stageId,
                "restore the objects that are named, verify the checkpoint (./tanren checkpoint verify)"
                        + " and retry, or submit the plan as a new run");
    }

    /// How one checkpoint is looked at, and what is recorded of it.
    @FunctionalInterface
    interface Inspection {
        Verdict of(Row row);
    }

    sealed interface Verdict {
        record Sound(Committed checkpoint) implements Verdict {}

        record Damaged(String reason) implements Verdict {}

        /// The step has no such checkpoint any more.
        record Gone() implements Verdict {}
    }
}
