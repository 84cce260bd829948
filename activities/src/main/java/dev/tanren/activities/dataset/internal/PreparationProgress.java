package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.source.Progress;
import dev.tanren.storage.tokens.PreparingDataset;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// Tells every bit of a preparation's progress to a heartbeat, and now and then to people: first
/// after [#FIRST], then at twice the interval before, at most every [#LONGEST].
public final class PreparationProgress implements Progress {

    static final Duration FIRST = Duration.ofSeconds(5);
    static final Duration LONGEST = Duration.ofMinutes(2);

    private final String dataset;
    private final Consumer<String> heart;
    private final Consumer<PreparingDataset> people;
    private final LongSupplier nanoClock;
    private long interval = FIRST.toNanos();
    private long next;

    /// @param heart may throw to end the work
    public PreparationProgress(
            String dataset,
            Consumer<String> heart,
            Consumer<PreparingDataset> people,
            LongSupplier nanoClock) {
        this.dataset = dataset;
        this.heart = heart;
        this.people = people;
        this.nanoClock = nanoClock;
        this.next = nanoClock.getAsLong() + interval;
    }

    /// What has no size of its own is counted in shards.
    @Override
    public void at(String what, long done) {
        heart.accept(String.format(Locale.ROOT, "%s, %,d so far", what, done));
        tell(new PreparingDataset(dataset, what, done, "shards", null));
    }

    @Override
    public void at(String what, long documents, long bytes) {
        heart.accept(
                String.format(
                        Locale.ROOT,
                        "%s, %,d %s, %,d bytes so far",
                        what,
                        documents,
                        unit(what),
                        bytes));
        tell(new PreparingDataset(dataset, what, documents, unit(what), bytes));
    }

    private static String unit(String what) {
        return what.equals("reading") ? "files" : "documents";
    }

    private void tell(PreparingDataset progress) {
        long now = nanoClock.getAsLong();
        if (now - next >= 0) {
            people.accept(progress);
            interval = Math.min(2 * interval, LONGEST.toNanos());
            next = now + interval;
        }
    }
}
