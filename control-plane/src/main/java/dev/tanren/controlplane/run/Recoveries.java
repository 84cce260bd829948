package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.Recovery;
import dev.tanren.controlplane.situation.RecentSteps;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.StageState;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.storage.checkpoint.AttemptStart;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import jakarta.inject.Singleton;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Says beforehand what a resume or retry would do.
@Singleton
public class Recoveries {

    /// With which an attempt that begins may refuse what is there to go on from.
    private static final Set<ErrorCode> REFUSALS =
            EnumSet.of(ErrorCode.CHECKPOINT_NONE_VALID, ErrorCode.CHECKPOINT_OTHER_INPUTS);

    private final PostgresRegistry registry;
    private final CheckpointStore checkpoints;

    Recoveries(PostgresRegistry registry, CheckpointStore checkpoints) {
        this.registry = registry;
        this.checkpoints = checkpoints;
    }

    public Recovery of(Run run) {
        List<StageRow> stages = registry.runs().stages(run.runId());
        Optional<StageRow> next =
                stages.stream().filter(stage -> stage.status() != StageState.SUCCEEDED).findFirst();
        if (next.isEmpty()) {
            return none("Every stage is finished; nothing is left to run.");
        }
        return RunFinder.plan(run)
                .stage(next.get().stageId())
                .filter(TrainingStage.class::isInstance)
                .map(stage -> training(run, next.get(), (TrainingStage) stage))
                .orElseGet(() -> again(next.get()));
    }

    private static Recovery none(String summary) {
        return new Recovery(null, null, 0, 0, 0, null, 0, null, summary, null);
    }

    private static Recovery again(StageRow stage) {
        return new Recovery(
                stage.stageId(),
                null,
                0,
                0,
                0,
                null,
                0,
                null,
                "Runs stage %s from its start; what is finished before it stays."
                        .formatted(stage.stageId()),
                null);
    }

    private Recovery training(Run run, StageRow row, TrainingStage stage) {
        try {
            return from(run, row, stage, start(run, stage));
        } catch (TanrenException e) {
            if (!REFUSALS.contains(e.code())) {
                throw e;
            }
            long last = lastStep(run, row);
            return new Recovery(
                    row.stageId(),
                    null,
                    0,
                    last,
                    last,
                    null,
                    stage.parallelism().ranks(),
                    null,
                    refused(e),
                    e.code().name());
        }
    }

    private static String refused(TanrenException e) {
        return "Would fail with %s: %s. %s."
                .formatted(e.code().code(), e.what(), capital(e.mend()));
    }

    /// The same decision that an attempt takes when it begins.
    private AttemptStart start(Run run, TrainingStage stage) {
        return AttemptStart.of(
                stage.id(),
                RunFinder.plan(run).predecessor(stage).map(TrainingStage::id).orElse(null),
                stageId -> checkpoints.preview(run.runId(), stageId).map(this::ofItsInputs));
    }

    /// @throws TanrenException `CHECKPOINT_OTHER_INPUTS`
    private Committed ofItsInputs(Committed found) {
        CheckpointManifest manifest = found.manifest();
        registry.inputs()
                .find(manifest.runId())
                .ifPresent(fixed -> fixed.requireSame(manifest.trainedOn(), found.manifestKey()));
        return found;
    }

    private Recovery from(Run run, StageRow row, TrainingStage stage, AttemptStart start) {
        long resume = start.step();
        long last = Math.max(resume, lastStep(run, row));
        long lost = last - resume;
        int ranks = stage.parallelism().ranks();
        Timetable timetable = Timetable.of(stage);
        String phase = timetable.at(Math.min(resume + 1, timetable.totalSteps())).phase().id();
        Double secondsPerStep =
                RecentSteps.of(registry.metrics(), run.runId(), row.stageId(), row.step())
                        .secondsPerStep();
        return new Recovery(
                row.stageId(),
                phase,
                resume,
                last,
                lost,
                secondsPerStep == null ? null : lost * secondsPerStep,
                ranks,
                checkpointKey(start),
                "Resumes stage %s from step %d, loses %d %s, on %d %s."
                        .formatted(
                                row.stageId(),
                                resume,
                                lost,
                                lost == 1 ? "step" : "steps",
                                ranks,
                                ranks == 1 ? "rank" : "ranks"),
                null);
    }

    private static @Nullable String checkpointKey(AttemptStart start) {
        return switch (start) {
            case AttemptStart.Resumed resumed -> resumed.checkpoint().manifestKey();
            case AttemptStart.AfterStage after -> after.checkpoint().manifestKey();
            case AttemptStart.Anew _ -> null;
        };
    }

    private static String capital(String sentence) {
        return sentence.substring(0, 1).toUpperCase(Locale.ROOT) + sentence.substring(1);
    }

    /// Of the newest attempt that has started.
    private long lastStep(Run run, StageRow row) {
        return registry.attempts().list(run.runId()).stream()
                .filter(attempt -> attempt.stageId().equals(row.stageId()))
                .filter(attempt -> attempt.resumeStep() != null)
                .reduce((first, second) -> second)
                .map(Attempt::lastStep)
                .orElse(row.step());
    }
}
