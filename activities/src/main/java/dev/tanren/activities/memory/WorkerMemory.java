package dev.tanren.activities.memory;

import dev.tanren.launch.RankDevice;
import java.util.LinkedHashMap;
import java.util.Map;

/// The memory of a worker: what is promised of it, what the kernel tells of it, and what work
/// turned out to take more than was expected. Safe for use by many threads.
public final class WorkerMemory {

    private static final int MOST_REMEMBERED = 1_000;

    private final MemoryLedger ledger;
    private final ControlGroups groups;
    private final KernelLog kernelLog;
    private final boolean beside;
    private final Map<String, Long> taken =
            new LinkedHashMap<>(16, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
                    return size() > MOST_REMEMBERED;
                }
            };

    /// @param beside whether ranks compute in a device's memory, beside this one
    public WorkerMemory(
            MemoryLedger ledger, ControlGroups groups, KernelLog kernelLog, boolean beside) {
        this.ledger = ledger;
        this.groups = groups;
        this.kernelLog = kernelLog;
        this.beside = beside;
    }

    /// Of this machine.
    public static WorkerMemory of(long totalBytes, RankDevice device) {
        ControlGroups groups = ControlGroups.ofThisProcess();
        groups.removeLeftBehind();
        return new WorkerMemory(
                new MemoryLedger(totalBytes),
                groups,
                KernelLog.ofThisMachine(),
                device != RankDevice.CPU);
    }

    public MemoryLedger ledger() {
        return ledger;
    }

    /// Whether ranks compute in a device's memory, so that less of them lies in this one.
    public boolean besideDevices() {
        return beside;
    }

    ControlGroups groups() {
        return groups;
    }

    KernelLog kernelLog() {
        return kernelLog;
    }

    /// Asks for memory for some work.
    ///
    /// @param work names it for ever, so that what it took before is known
    /// @param expectedBytes what is expected of it
    public MemoryLedger.Grant ask(String work, long expectedBytes) {
        return ledger.ask(Math.max(expectedBytes, remembered(work)));
    }

    /// Remembers that some work was promised too little, so that it asks for more the next time.
    public void takesMore(String work, long bytes) {
        synchronized (taken) {
            taken.merge(work, Math.min(bytes, ledger.totalBytes()), Math::max);
        }
    }

    private long remembered(String work) {
        synchronized (taken) {
            return taken.getOrDefault(work, 0L);
        }
    }
}
