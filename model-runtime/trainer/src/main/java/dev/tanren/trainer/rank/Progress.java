package dev.tanren.trainer.rank;

import dev.tanren.launch.Report;
import dev.tanren.launch.Report.Work;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What a rank tells of its work inside a step, so that whoever watches it can tell a slow rank
/// from a stuck one.
///
/// Signs come from the thread that does the work, when a part of it is done: a rank that is stuck
/// gives none. Only while that thread waits for a peer, another one says so in its place, which a
/// stopped process cannot do. Safe for use by the threads that a thread works with.
final class Progress {

    /// How often a rank speaks at most.
    private static final long PAUSE_NANOS = 1_000_000_000;

    /// How long a wait for a peer is taken for granted.
    private static final long WAIT_NANOS = 2_000_000_000;

    private record Wait(@Nullable Integer peer, long since) {}

    private final int rank;
    private final Consumer<Report> reports;
    private final LongSupplier clock;
    private final Set<Work> begun = EnumSet.noneOf(Work.class);
    private Report.Working now;
    private long told;
    private volatile @Nullable Wait wait;

    /// @param clock monotonic, in nanoseconds
    Progress(int rank, Consumer<Report> reports, LongSupplier clock) {
        this.rank = rank;
        this.reports = reports;
        this.clock = clock;
        this.now = new Report.Working(rank, 0, Work.RESTORING, 0, 0);
    }

    /// Also says, from a thread of its own, when the rank waits for a peer.
    static Progress start(int rank, Consumer<Report> reports) {
        Progress progress = new Progress(rank, reports, System::nanoTime);
        Thread.ofPlatform()
                .daemon()
                .name("waits")
                .start(
                        () -> {
                            while (!Thread.interrupted()) {
                                LockSupport.parkNanos(WAIT_NANOS);
                                progress.tellWaits();
                            }
                        });
        return progress;
    }

    /// Work of a kind begins.
    ///
    /// @param of how many larger parts it has; 0 where there are none
    synchronized void begin(Work work, long step, long of) {
        now = new Report.Working(rank, step, work, 0, of);
        if (begun.add(work)) {
            tell();
        } else {
            sign();
        }
    }

    /// One of the larger parts is done.
    synchronized void partDone() {
        now = new Report.Working(rank, now.step(), now.work(), now.done() + 1, now.of());
        sign();
    }

    /// Something of the work is done.
    synchronized void sign() {
        if (clock.getAsLong() - told >= PAUSE_NANOS) {
            tell();
        }
    }

    private void tell() {
        told = clock.getAsLong();
        reports.accept(now);
    }

    /// Does what waits for a peer.
    ///
    /// @param peer null where it waits for all others
    <T> T awaiting(@Nullable Integer peer, Supplier<T> meeting) {
        wait = new Wait(peer, clock.getAsLong());
        try {
            return meeting.get();
        } finally {
            wait = null;
            sign();
        }
    }

    /// Says so where the rank has waited for a peer for a while.
    void tellWaits() {
        Wait waits = wait;
        if (waits != null) {
            long nanos = clock.getAsLong() - waits.since();
            if (nanos >= WAIT_NANOS) {
                reports.accept(new Report.PeerAwaited(rank, waits.peer(), nanos * 1e-9));
            }
        }
    }
}
