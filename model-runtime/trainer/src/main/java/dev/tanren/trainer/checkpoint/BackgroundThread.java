package dev.tanren.trainer.checkpoint;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Lets a thread take the processor only where the threads that train leave it idle, or nearly so.
///
/// On Linux a nice value belongs to a thread, and threads that it starts inherit it; Java's own
/// priorities do nothing there without root's rights. Training waits for its slowest thread, so an
/// equal third thread on two cores would slow a whole step down for as long as it computes.
final class BackgroundThread {

    /// About a tenth of the weight of the threads that train: not none, so that a save ends even
    /// where they never rest.
    private static final int NICE = 10;

    private static final int PRIO_PROCESS = 0;
    private static final int CALLING_THREAD = 0;

    private BackgroundThread() {}

    /// Runs `work` so. Where the system has no such call it is run all the same.
    static Runnable of(Runnable work) {
        return () -> {
            lower();
            work.run();
        };
    }

    private static void lower() {
        if (!System.getProperty("os.name").equals("Linux")) {
            return;
        }
        MethodHandle setpriority =
                Linker.nativeLinker()
                        .downcallHandle(
                                Linker.nativeLinker().defaultLookup().findOrThrow("setpriority"),
                                FunctionDescriptor.of(
                                        ValueLayout.JAVA_INT,
                                        ValueLayout.JAVA_INT,
                                        ValueLayout.JAVA_INT,
                                        ValueLayout.JAVA_INT));
        try {
            int result = (int) setpriority.invokeExact(PRIO_PROCESS, CALLING_THREAD, NICE);
            if (result != 0) {
                System.getLogger(BackgroundThread.class.getName())
                        .log(System.Logger.Level.DEBUG, "the system keeps the thread's priority");
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("setpriority failed", e);
        }
    }
}
