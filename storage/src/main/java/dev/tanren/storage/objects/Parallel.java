package dev.tanren.storage.objects;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// Runs independent pieces of one transfer on a few threads.
///
/// They are threads of the platform, because on Linux these inherit the caller's priority, which a
/// transfer beside training has lowered.
public final class Parallel {

    private Parallel() {}

    /// Runs all tasks, `width` at a time, and returns when they have ended. The first failure stops
    /// the rest and is thrown.
    public static void run(int width, List<? extends Runnable> tasks) {
        if (width <= 1 || tasks.size() <= 1) {
            tasks.forEach(Runnable::run);
            return;
        }
        int threads = Math.min(width, tasks.size());
        ExecutorService executor =
                Executors.newFixedThreadPool(
                        threads, Thread.ofPlatform().daemon().name("transfer-", 0).factory());
        try (executor) {
            List<Future<?>> running = new ArrayList<>();
            tasks.forEach(task -> running.add(executor.submit(task)));
            try {
                for (Future<?> task : running) {
                    task.get();
                }
            } catch (ExecutionException e) {
                executor.shutdownNow();
                throw rethrown(e.getCause());
            } catch (InterruptedException e) {
                executor.shutdownNow();
                Thread.currentThread().interrupt();
                CancellationException cancelled = new CancellationException("interrupted");
                cancelled.initCause(e);
                throw cancelled;
            }
        }
    }

    private static RuntimeException rethrown(@Nullable Throwable cause) {
        return switch (cause) {
            case RuntimeException e -> e;
            case Error e -> throw e;
            case null, default -> new IllegalStateException("a checked exception", cause);
        };
    }
}
