package dev.tanren.plan.validation;

import dev.tanren.plan.timetable.AveragedSteps;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.plan.validation.OptimizationKeys.AveragingKeys;
import dev.tanren.plan.validation.OptimizationKeys.ScheduleKeys;
import dev.tanren.plan.validation.TrainingKeys.CheckpointKeys;
import dev.tanren.plan.validation.internal.Problems;
import dev.tanren.plan.validation.internal.Section;
import java.util.Optional;

/// What a stage cannot have whose last phases may be left out: whether they are is decided when all
/// before them has been trained.
final class SkippablePhases {

    private final Section stage;
    private final Problems problems;

    SkippablePhases(Section stage, Problems problems) {
        this.stage = stage;
        this.problems = problems;
    }

    void check() {
        PlannedPhases.of(stage)
                .ifPresent(
                        timetable -> {
                            checkMean(timetable);
                            checkFall(timetable);
                        });
    }

    /// A mean of the last checkpoints that reaches into an earlier phase would be of other steps,
    /// depending on what is left out later.
    private void checkMean(Timetable timetable) {
        Optional<Section> averaging = stage.find(TrainingKeys.AVERAGING);
        Optional<Long> checkpoints =
                averaging.flatMap(section -> section.find(AveragingKeys.CHECKPOINTS));
        Optional<Long> every =
                stage.find(TrainingKeys.CHECKPOINT)
                        .flatMap(section -> section.find(CheckpointKeys.EVERY_STEPS));
        if (averaging.isEmpty() || checkpoints.isEmpty() || every.isEmpty()) {
            return;
        }
        AveragedSteps.undecided(
                        timetable, Math.toIntExact(every.get()), Math.toIntExact(checkpoints.get()))
                .ifPresent(
                        entry ->
                                Rules.inconsistent(
                                        problems,
                                        averaging.get().placeOf(AveragingKeys.CHECKPOINTS),
                                        "a mean of the last "
                                                + checkpoints.get()
                                                + " checkpoint steps, of which phase "
                                                + entry.phase().id()
                                                + " has fewer, in a stage that may leave out phases",
                                        "a mean of steps of the last phase that runs, whichever"
                                                + " that is",
                                        "Average fewer checkpoints, save more often, use `ema`, or"
                                                + " write `otherwise: pause` in place of `skip`."));
    }

    private void checkFall(Timetable timetable) {
        Optional<Section> schedule = stage.find(TrainingKeys.SCHEDULE);
        boolean last = AveragedSteps.maySkip(timetable.entries().getLast().phase());
        if (last
                && schedule.isPresent()
                && OptimizationBuilder.schedule(schedule.get()).fallsOverStage()) {
            problems.advise(
                    schedule.get().placeOf(ScheduleKeys.OVER),
                    "a rate that falls at the end of a stage whose last phase may be left out",
                    "a fall that takes place whatever is left out",
                    "Write `over: phase`, or `otherwise: pause` in place of `skip`: where the last"
                            + " phase is left out the rate does not come to its minimum.");
        }
    }
}
