package dev.tanren.activities.memory;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks at what the processes of one promise take, a few times a second.
///
/// Who comes near to what it was promised is promised more, where so much is free. Where it is not,
/// who takes more than was promised is told on, once; a control group with the promise as its limit
/// ends it before that, where one can be made. Who was promised all there is has nobody to take
/// from, and is left to the kernel. Safe for use by many threads.
public final class MemoryWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(MemoryWatch.class);
    private static final long INTERVAL_MILLIS = 200;
    private static final double NEAR = 0.9;
    private static final double ROOM = 1.25;

    private final WorkerMemory memory;
    private final String work;
    private final MemoryLedger.Grant grant;
    private final @Nullable ControlGroup group;
    private final LongConsumer exceeded;
    private final long killsBefore;
    private final double since = KernelLog.uptime();
    private final Map<Long, AtomicLong> peaks = new ConcurrentHashMap<>();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread thread;

    private MemoryWatch(
            WorkerMemory memory,
            String work,
            String name,
            MemoryLedger.Grant grant,
            LongConsumer exceeded) {
        this.memory = memory;
        this.work = work;
        this.grant = grant;
        this.exceeded = exceeded;
        this.group = memory.groups().make(name, grant.bytes()).orElse(null);
        this.killsBefore = memory.groups().kills();
        this.thread = Thread.ofPlatform().name("memory-" + name).daemon().unstarted(this::look);
    }

    /// @param work as the promise was asked for
    /// @param name of the work on this machine, now
    /// @param exceeded told once, with what is taken
    public static MemoryWatch start(
            WorkerMemory memory,
            String work,
            String name,
            MemoryLedger.Grant grant,
            LongConsumer exceeded) {
        MemoryWatch watch = new MemoryWatch(memory, work, name, grant, exceeded);
        watch.thread.start();
        return watch;
    }

    /// Looks at a process from now on, which was just started.
    public void add(long pid) {
        if (group != null) {
            try {
                group.add(pid);
            } catch (IOException e) {
                LOG.warn("process {} is in no control group of its own: {}", pid, e.toString());
            }
        }
        peaks.put(pid, new AtomicLong());
    }

    public MemoryLedger.Grant grant() {
        return grant;
    }

    /// Whether a process that was killed was killed by the kernel for want of memory: it is in this
    /// work's own group, which has counted such kills; or the kernel's log names it; or, where
    /// neither tells, the worker's group has counted kills since the start, and the process was
    /// seen to have all that was promised to it. A kill of somebody else's process is none.
    ///
    /// @param share of the promise that was this process's
    public boolean killed(long pid, long share) {
        if (group != null) {
            return group.kills() > 0;
        }
        return memory.kernelLog()
                .killed(pid, since)
                .orElseGet(() -> memory.groups().kills() > killsBefore && peak(pid) >= share);
    }

    /// Most that a process was seen to have, mapped files among it.
    long peak(long pid) {
        AtomicLong peak = peaks.get(pid);
        return peak == null ? 0 : peak.get();
    }

    /// The work ran out of memory: next time it asks for twice as much.
    ///
    /// @return whether there is more to ask for
    public boolean asksForMore() {
        long promised = grant.bytes();
        if (grant.isWhole()) {
            return false;
        }
        memory.takesMore(work, promised > Long.MAX_VALUE / 2 ? promised : 2 * promised);
        return true;
    }

    /// Ends the looking; the promise stays. The processes must have ended.
    @Override
    public void close() {
        ended.countDown();
        if (group != null) {
            group.close();
        }
    }

    private void look() {
        try {
            boolean told = false;
            while (!ended.await(INTERVAL_MILLIS, TimeUnit.MILLISECONDS)) {
                long taken = lookOnce();
                makeRoom(taken);
                if (taken > grant.bytes() && !grant.isWhole() && !told) {
                    told = true;
                    memory.takesMore(work, (long) (taken * ROOM));
                    exceeded.accept(taken);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private long lookOnce() {
        long taken = 0;
        for (Map.Entry<Long, AtomicLong> process : peaks.entrySet()) {
            ProcessMemory found = ProcessMemory.of(process.getKey()).orElse(null);
            if (found != null) {
                process.getValue().accumulateAndGet(found.peakBytes(), Math::max);
                taken += found.ownBytes();
            }
        }
        return taken;
    }

    private void makeRoom(long taken) {
        if (taken <= grant.bytes() * NEAR) {
            return;
        }
        long wanted = Math.min((long) (taken * ROOM), memory.ledger().totalBytes());
        if (wanted > grant.bytes() && grant.growTo(wanted) && group != null) {
            try {
                group.limit(wanted);
            } catch (IOException e) {
                LOG.warn("the limit of {} stays: {}", group.folder(), e.toString());
            }
        }
    }
}
