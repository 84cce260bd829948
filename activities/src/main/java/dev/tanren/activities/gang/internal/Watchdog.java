package dev.tanren.activities.gang.internal;

import dev.tanren.activities.gang.GangSettings;
import dev.tanren.spec.plan.TrainingStage.Evaluation;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Decides whether a gang hangs: no step for three times the 99th percentile of the latest steps,
/// and never less than the floor.
///
/// Time is that of the monotonic clock, in nanoseconds, handed in.
public final class Watchdog {

    private static final int WINDOW = 200;
    private static final int SLOWER = 3;

    private final GangSettings settings;
    private final @Nullable Evaluation evaluation;
    private final long lastStep;
    private final long[] intervals = new long[WINDOW];
    private int counted;
    private boolean ready;
    private boolean stepped;
    private boolean evaluating;
    private boolean saving;
    private boolean awaitedSave;
    private long longestEvaluation;
    private long lastSign;

    /// @param evaluation of the stage: a step that one follows has more time
    /// @param lastStep after it the ranks save and end
    public Watchdog(
            GangSettings settings, @Nullable Evaluation evaluation, long lastStep, long now) {
        this.settings = settings;
        this.evaluation = evaluation;
        this.lastStep = lastStep;
        this.lastSign = now;
    }

    public void ready(long now) {
        ready = true;
        lastSign = now;
    }

    public void stepped(long step, long now) {
        if (stepped && !evaluating && !awaitedSave) {
            intervals[counted++ % WINDOW] = now - lastSign;
        }
        stepped = true;
        awaitedSave = false;
        saving = step >= lastStep;
        evaluating = evaluation != null && (saving || step % evaluation.everySteps() == 0);
        lastSign = now;
    }

    public void evaluated(long now) {
        longestEvaluation = Math.max(longestEvaluation, now - lastSign);
        evaluating = false;
        lastSign = now;
    }

    /// A rank that waits for the object store does not hang: the store's own deadline ends that.
    public void awaitsSave(long now) {
        awaitedSave = true;
        lastSign = now;
    }

    public boolean fires(long now) {
        return now - lastSign > limit().toNanos();
    }

    public Duration silence(long now) {
        return Duration.ofNanos(now - lastSign);
    }

    /// How long the gang may be silent now.
    public Duration limit() {
        if (!ready) {
            return settings.start();
        }
        if (saving) {
            return settings.lastSave();
        }
        if (!stepped || (evaluating && longestEvaluation == 0)) {
            return settings.firstStep();
        }
        long expected = evaluating ? Math.max(longestEvaluation, p99()) : p99();
        Duration slow = Duration.ofNanos(expected).multipliedBy(SLOWER);
        return slow.compareTo(settings.stepFloor()) > 0 ? slow : settings.stepFloor();
    }

    private long p99() {
        int filled = Math.min(counted, WINDOW);
        if (filled == 0) {
            return 0;
        }
        long[] sorted = Arrays.copyOf(intervals, filled);
        Arrays.sort(sorted);
        return sorted[(int) Math.ceil(filled * 0.99) - 1];
    }
}
