package dev.tanren.plan.timetable;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.EntryCondition;
import dev.tanren.plan.TrainingStage.Otherwise;
import dev.tanren.plan.TrainingStage.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;

/// Which checkpoint steps a mean of a stage's last ones is of, whatever phases turn out to run.
///
/// Where the phases at the end may be left out, the stage may end with any of several phases. For
/// each of those the mean is of the last checkpoint steps up to its end: a mean is begun anew with
/// the first of them. Windows of two ends must not overlap, for there is one mean; [#undecided]
/// tells of which plans that cannot be said.
public final class AveragedSteps {

    /// For each phase that may be the last one, in order.
    private final List<NavigableSet<Long>> windows;

    private AveragedSteps(List<NavigableSet<Long>> windows) {
        this.windows = windows;
    }

    /// @param timetable what runs, as far as it is decided
    /// @param checkpoints how many of the last ones are averaged
    public static AveragedSteps of(TrainingStage stage, Timetable timetable, int checkpoints) {
        NavigableSet<Long> saved = new TreeSet<>();
        List<NavigableSet<Long>> windows = new ArrayList<>();
        List<Timetable.Entry> entries = timetable.entries();
        int firstEnd = firstEnd(entries.stream().map(Timetable.Entry::phase).toList());
        for (int i = 0; i < entries.size(); i++) {
            saved.addAll(saved(entries.get(i), stage.checkpoint().everySteps()));
            if (i >= firstEnd) {
                NavigableSet<Long> window = new TreeSet<>();
                saved.descendingSet().stream().limit(checkpoints).forEach(window::add);
                windows.add(window);
            }
        }
        return new AveragedSteps(windows);
    }

    /// The first phase whose checkpoint steps are too few for the mean, so that which steps it is
    /// of would depend on a phase of which nobody knows yet whether it runs. There is none where no
    /// phase may be left out.
    ///
    /// @param timetable of the whole plan
    public static Optional<Timetable.Entry> undecided(
            Timetable timetable, int everySteps, int checkpoints) {
        List<Timetable.Entry> entries = timetable.entries();
        if (entries.stream().noneMatch(entry -> maySkip(entry.phase()))) {
            return Optional.empty();
        }
        int firstEnd = firstEnd(entries.stream().map(Timetable.Entry::phase).toList());
        return entries.stream()
                .skip(Math.max(1, firstEnd))
                .filter(entry -> saved(entry, everySteps).size() < checkpoints)
                .findFirst();
    }

    /// Whether the plan lets a phase be left out.
    public static boolean maySkip(Phase phase) {
        EntryCondition condition = phase.enterWhen();
        return condition != null && condition.otherwise() == Otherwise.SKIP;
    }

    /// The first phase after which all may be left out.
    private static int firstEnd(List<Phase> phases) {
        int end = phases.size() - 1;
        while (end > 0 && maySkip(phases.get(end))) {
            end--;
        }
        return end;
    }

    /// The steps that every undisturbed run of the phase saves at.
    private static NavigableSet<Long> saved(Timetable.Entry entry, int everySteps) {
        NavigableSet<Long> steps = new TreeSet<>();
        long first = Math.ceilDiv(entry.firstStep(), (long) everySteps) * everySteps;
        for (long step = first; step <= entry.lastStep(); step += everySteps) {
            steps.add(step);
        }
        steps.add(entry.lastStep());
        return steps;
    }

    /// Whether the weights after a step are in the mean.
    public boolean contains(long step) {
        return window(step).map(window -> window.contains(step)).orElse(false);
    }

    /// Whether a mean begins with the weights after a step.
    public boolean begins(long step) {
        return window(step).map(window -> window.first() == step).orElse(false);
    }

    /// That of the next end at or after the step.
    private Optional<NavigableSet<Long>> window(long step) {
        return windows.stream().filter(window -> window.last() >= step).findFirst();
    }
}
