package dev.tanren.trainer.parameters;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The threads that share Java's own loops over native memory, as many as libtorch's.
///
/// A loop is cut into chunks of a fixed size, which threads take as they come. So a body that
/// computes each chunk by itself gives the same bits with any number of threads. One loop at a
/// time: concurrent callers wait for each other.
public final class ComputeThreads {

    /// A part of a loop: the indices `from` (inclusive) to `to` (exclusive).
    @FunctionalInterface
    public interface Body {
        void run(long from, long to);
    }

    /// About 20 microseconds: as long as the gap between two loops, shorter than a matrix product.
    private static final int SPINS = 2_000;

    private static ComputeThreads shared = new ComputeThreads(1);

    private final Thread[] helpers;
    private final AtomicInteger generation = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicLong next = new AtomicLong();
    private volatile @Nullable Body body;
    private volatile @Nullable Throwable failure;
    private volatile boolean stopped;
    private long count;
    private long chunk;

    private ComputeThreads(int threads) {
        helpers = new Thread[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            helpers[i] = Thread.ofPlatform().daemon().name("compute-" + (i + 1)).start(this::help);
        }
    }

    /// Sets how many threads loops use from now on, the caller's included; 1 until this is called.
    public static synchronized void configure(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("at least one thread, not " + threads);
        }
        if (threads != count()) {
            shared.stop();
            shared = new ComputeThreads(threads);
        }
    }

    public static synchronized int count() {
        return shared.helpers.length + 1;
    }

    /// Runs `body` over 0 to `count` in chunks of `chunk` indices and returns when all are done.
    ///
    /// @throws IllegalStateException when a chunk failed, with its error as the cause
    public static synchronized void loop(long count, long chunk, Body body) {
        shared.run(count, chunk, body);
    }

    private void run(long indices, long size, Body work) {
        if (helpers.length == 0 || indices <= size) {
            for (long from = 0; from < indices; from += size) {
                work.run(from, Math.min(indices, from + size));
            }
            return;
        }
        count = indices;
        chunk = size;
        failure = null;
        next.set(0);
        running.set(helpers.length);
        body = work;
        generation.incrementAndGet();
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        takeChunks(work);
        while (running.get() > 0) {
            Thread.onSpinWait();
        }
        Throwable failed = failure;
        if (failed != null) {
            throw new IllegalStateException("a part of a loop failed", failed);
        }
    }

    private void takeChunks(Body work) {
        try {
            while (true) {
                long from = next.getAndAdd(chunk);
                if (from >= count) {
                    return;
                }
                work.run(from, Math.min(count, from + chunk));
            }
        } catch (RuntimeException | Error e) {
            failure = e;
        }
    }

    private void help() {
        int seen = 0;
        while (true) {
            int spins = 0;
            while (generation.get() == seen) {
                if (stopped) {
                    return;
                }
                if (spins++ < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            seen = generation.get();
            Body work = body;
            if (work != null) {
                takeChunks(work);
            }
            running.decrementAndGet();
        }
    }

    private void stop() {
        stopped = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
