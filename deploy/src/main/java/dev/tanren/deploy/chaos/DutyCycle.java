package dev.tanren.deploy.chaos;

import dev.tanren.deploy.stack.StackProcesses;
import java.util.function.Supplier;

/// Lets a process have the processors for a quarter of the time.
final class DutyCycle {

    private static final long HALTED_MILLIS = 75;
    private static final long AT_WORK_MILLIS = 25;

    private DutyCycle() {}

    /// Lasts until it is closed.
    ///
    /// @param process looked for each time, because another may take its place; 0 for none
    static Repeated begin(Supplier<Long> process) {
        return Repeated.begin(
                () -> {
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
                });
    }
}
