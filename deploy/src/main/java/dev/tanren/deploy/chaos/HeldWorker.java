package dev.tanren.deploy.chaos;

import dev.tanren.deploy.stack.StackProcesses;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The worker of a stack that has one, killed and stopped at its next start, before it speaks to
/// anybody, until this is closed.
final class HeldWorker implements AutoCloseable {

    private static final String WORKER = "worker";
    private static final Duration STARTED = Duration.ofSeconds(60);

    private final Laboratory laboratory;
    private @Nullable Long stopped;

    private HeldWorker(Laboratory laboratory, long stopped) {
        this.laboratory = laboratory;
        this.stopped = stopped;
    }

    static HeldWorker hold(Laboratory laboratory) throws InterruptedException {
        long old = laboratory.part(WORKER);
        laboratory.signal("KILL", old);
        long next =
                laboratory.await(
                        "the next start of the worker",
                        STARTED,
                        () -> {
                            var found = StackProcesses.of(laboratory.control(), WORKER);
                            return found.isPresent() && found.getAsLong() != old
                                    ? Optional.of(found.getAsLong())
                                    : Optional.empty();
                        });
        laboratory.signal("STOP", next);
        return new HeldWorker(laboratory, next);
    }

    /// Lets it start and waits until it takes work.
    void release() throws InterruptedException {
        close();
        laboratory.await(
                "the worker of the stack",
                STARTED,
                () ->
                        PartFaults.serves(laboratory, WORKER)
                                ? Optional.of(WORKER)
                                : Optional.empty());
    }

    /// Lets it start.
    @Override
    public void close() {
        Long held = stopped;
        stopped = null;
        if (held != null) {
            try {
                laboratory.signal("CONT", held);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
