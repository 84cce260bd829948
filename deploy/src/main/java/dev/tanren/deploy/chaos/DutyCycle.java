package dev.tanren.deploy.chaos;

import dev.tanren.deploy.stack.StackProcesses;
import java.util.function.Supplier;

/// Lets a process have the processors for a quarter of the time, until this is closed.
final class DutyCycle implements AutoCloseable {

    private static final long HALTED_MILLIS = 75;
    private static final long AT_WORK_MILLIS = 25;

    private final Supplier<Long> process;
    private final Thread thread = Thread.ofPlatform().unstarted(this::cycle);
    private volatile boolean over;

    private DutyCycle(Supplier<Long> process) {
        this.process = process;
    }

    /// @param process looked for each time, because another may take its place; 0 for none
    static DutyCycle begin(Supplier<Long> process) {
        DutyCycle cycle = new DutyCycle(process);
        cycle.thread.start();
        return cycle;
    }

    private void cycle() {
        try {
            while (!over) {
                long slowed = process.get();
                if (slowed > 0) {
                    StackProcesses.halt(slowed);
                    try {
                        Thread.sleep(HALTED_MILLIS);
                    } finally {
                        StackProcesses.goOn(slowed);
                    }
                }
                Thread.sleep(AT_WORK_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Lets it have the processors again.
    @Override
    public void close() {
        over = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
