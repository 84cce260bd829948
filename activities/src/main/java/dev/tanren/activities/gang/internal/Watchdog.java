package dev.tanren.activities.gang.internal;

import dev.tanren.activities.gang.GangSettings;
import dev.tanren.launch.Report.Work;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Decides whether a gang hangs. Hung is who is silent, not who is slow: a rank that gives no sign
/// of its work for too long, or all ranks where each only waits for another.
///
/// How long is too long follows what the ranks have shown: three times the longest silence, and
/// never less than the floor. While little is known it is generous: before a rank's first step,
/// and while a rank is at a kind of work that none has done before. A plan's own limit holds
/// instead of all that; a start has as long as while little is known at least.
///
/// Time is that of the monotonic clock, in nanoseconds, handed in. The watch's own pauses are
/// nobody's silence.
public final class Watchdog {

    private static final int LONGER = 3;

    /// A watch that looks this late was stopped itself, or starved.
    private static final Duration OWN_PAUSE = Duration.ofSeconds(2);

    /// What is wrong.
    ///
    /// @param ranks who gave no sign; all living ones where they wait for each other
    /// @param deadlock whether they wait for each other
    public record Hung(List<Integer> ranks, boolean deadlock, Duration silence, Duration limit) {}

    private static final class Rank {
        private long heard;
        private @Nullable Work work = Work.RESTORING;
        private boolean stepped;
        private boolean waits;
        private boolean ended;

        private Rank(long now) {
            heard = now;
        }
    }

    private final GangSettings settings;
    private final @Nullable Duration planned;
    private final List<Rank> ranks;
    private final Set<Work> done = EnumSet.noneOf(Work.class);
    private long longest;
    private long progressed;
    private long looked;

    /// @param planned the stage's own limit; null where it follows what is measured
    public Watchdog(GangSettings settings, @Nullable Duration planned, int ranks, long now) {
        this.settings = settings;
        this.planned = planned;
        this.ranks = IntStream.range(0, ranks).mapToObj(_ -> new Rank(now)).toList();
        this.progressed = now;
        this.looked = now;
    }

    /// A rank has its state.
    public void ready(int rank, long now) {
        finished(rank, Work.RESTORING, now);
    }

    /// A rank tells what it works at.
    public void works(int rank, Work work, long now) {
        Rank of = ranks.get(rank);
        heard(of, now);
        if (of.work != null && of.work != work) {
            done.add(of.work);
        }
        of.work = work;
    }

    /// A step was applied or left out.
    public void stepped(int rank, long now) {
        ranks.get(rank).stepped = true;
        done.add(Work.COMPUTING);
        finished(rank, Work.UPDATING, now);
    }

    public void evaluated(int rank, long now) {
        finished(rank, Work.EVALUATING, now);
    }

    /// A rank lives, and waits for the object store, whose own deadline ends that.
    public void waitsForStore(int rank, long now) {
        finished(rank, Work.SAVING, now);
    }

    private void finished(int rank, Work work, long now) {
        Rank of = ranks.get(rank);
        heard(of, now);
        done.add(work);
        of.work = null;
    }

    private void heard(Rank rank, long now) {
        if (!rank.waits && rank.work != Work.RESTORING) {
            longest = Math.max(longest, now - rank.heard);
        }
        rank.waits = false;
        rank.heard = now;
        progressed = now;
    }

    /// A rank lives, and waits for another one.
    public void waitsForPeer(int rank, long now) {
        Rank of = ranks.get(rank);
        of.waits = true;
        of.heard = now;
    }

    /// Nothing is expected of a rank any more.
    public void ended(int rank) {
        ranks.get(rank).ended = true;
    }

    /// Call often, and when all that the ranks have said so far is handed in.
    public Optional<Hung> look(long now) {
        forgiveOwnPause(now);
        List<Integer> silent = living(rank -> now - rank.heard > limit(rank).toNanos());
        if (!silent.isEmpty()) {
            Rank first = ranks.get(silent.getFirst());
            return Optional.of(
                    new Hung(silent, false, Duration.ofNanos(now - first.heard), limit(first)));
        }
        List<Integer> living = living(_ -> true);
        boolean deadlock =
                !living.isEmpty() && living.stream().allMatch(rank -> ranks.get(rank).waits);
        if (!deadlock) {
            return Optional.empty();
        }
        Duration limit = limit(ranks.get(living.getFirst()));
        return now - progressed > limit.toNanos()
                ? Optional.of(new Hung(living, true, Duration.ofNanos(now - progressed), limit))
                : Optional.empty();
    }

    private void forgiveOwnPause(long now) {
        long pause = now - looked;
        looked = now;
        if (pause > OWN_PAUSE.toNanos()) {
            ranks.forEach(rank -> rank.heard = Math.min(now, rank.heard + pause));
            progressed = Math.min(now, progressed + pause);
        }
    }

    private List<Integer> living(Predicate<Rank> which) {
        return IntStream.range(0, ranks.size())
                .filter(rank -> !ranks.get(rank).ended && which.test(ranks.get(rank)))
                .boxed()
                .toList();
    }

    /// How long a rank may be silent now.
    public Duration limit(int rank) {
        return limit(ranks.get(rank));
    }

    private Duration limit(Rank rank) {
        if (planned != null) {
            // A start says little of itself, and nothing before its process speaks.
            return rank.work == Work.RESTORING
                            && planned.compareTo(settings.unmeasuredSilence()) < 0
                    ? settings.unmeasuredSilence()
                    : planned;
        }
        if (!rank.stepped || (rank.work != null && !done.contains(rank.work))) {
            return settings.unmeasuredSilence();
        }
        Duration longer = Duration.ofNanos(longest).multipliedBy(LONGER);
        return longer.compareTo(settings.shortestSilence()) > 0
                ? longer
                : settings.shortestSilence();
    }
}
