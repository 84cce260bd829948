package dev.tanren.trainer.rank;

import java.util.concurrent.CountDownLatch;

/// Whether the machine asked this process to end (SIGTERM).
///
/// The JVM answers SIGTERM by its shutdown hooks and exits when they return. This one notes the
/// request and does not return: the process goes on training until it has saved, and ends itself
/// by `Runtime.halt` with an exit code of its own. Whoever sent the signal kills it when that
/// takes too long.
final class Preemption {

    private volatile boolean requested;

    /// Begins to listen.
    static Preemption listen() {
        Preemption preemption = new Preemption();
        Runtime.getRuntime().addShutdownHook(new Thread(preemption::request, "preemption"));
        return preemption;
    }

    private void request() {
        requested = true;
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    boolean requested() {
        return requested;
    }
}
