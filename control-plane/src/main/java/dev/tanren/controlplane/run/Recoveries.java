package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.Recovery;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.planner.Timetable;
import dev.tanren.spec.run.StageState;
import dev.tanren.storage.registry.Attempts.Attempt;
import dev.tanren.storage.registry.Checkpoints;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Optional;

/// Says beforehand what a resume or retry would do.
@Singleton
public class Recoveries {

    private final PostgresRegistry registry;

    Recoveries(PostgresRegistry registry) {
        this.registry = registry;
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
        return new Recovery(null, null, 0, 0, 0, null, 0, null, summary);
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
                        .formatted(stage.stageId()));
    }

    private Recovery training(Run run, StageRow row, TrainingStage stage) {
        Optional<Checkpoints.Row> checkpoint =
                registry.checkpoints().list(run.runId(), row.stageId()).stream().findFirst();
        long resume = checkpoint.map(Checkpoints.Row::step).orElse(0L);
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
                checkpoint.map(Checkpoints.Row::manifestKey).orElse(null),
                "Resumes stage %s from step %d, loses %d %s, on %d %s."
                        .formatted(
                                row.stageId(),
                                resume,
                                lost,
                                lost == 1 ? "step" : "steps",
                                ranks,
                                ranks == 1 ? "rank" : "ranks"));
    }

    private long lastStep(Run run, StageRow row) {
        return registry.attempts().list(run.runId()).stream()
                .filter(attempt -> attempt.stageId().equals(row.stageId()))
                .reduce((first, second) -> second)
                .map(Attempt::lastStep)
                .orElse(row.step());
    }
}
