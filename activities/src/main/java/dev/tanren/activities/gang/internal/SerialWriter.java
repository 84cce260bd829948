package dev.tanren.activities.gang.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.error.TanrenException;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Does writes one after the other on a thread of its own, each again until database and store take
/// it. Training goes on meanwhile; what it reports waits in memory.
///
/// Whatever a write throws, those after it are done: who waits for them would wait for ever.
public final class SerialWriter implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SerialWriter.class);
    private static final Duration FIRST_DELAY = Duration.ofMillis(200);
    private static final Duration LAST_DELAY = Duration.ofSeconds(5);

    private final String name;
    private final LinkedBlockingQueue<Write> queue = new LinkedBlockingQueue<>();
    private final Consumer<TanrenException> failed;
    private final Thread thread;
    private volatile boolean closing;
    private volatile boolean abandoned;
    private final AtomicInteger pending = new AtomicInteger();

    /// @param failed told of a write that no repetition mends; what follows is still done
    public SerialWriter(String name, Consumer<TanrenException> failed) {
        this.name = name;
        this.failed = failed;
        this.thread = Thread.ofPlatform().name(name).daemon().start(this::work);
    }

    /// @param done called once it is written, or will never be
    private record Write(Runnable action, Runnable done) {}

    public void submit(Runnable write) {
        submit(write, () -> {});
    }

    /// @param done called on the writer's thread once the write was taken, or refused for good
    public void submit(Runnable write, Runnable done) {
        pending.incrementAndGet();
        queue.add(new Write(write, done));
    }

    /// Whether nothing waits to be written, or nobody is left to write it.
    public boolean idle() {
        return pending.get() == 0 || !thread.isAlive();
    }

    /// Drops what is not written yet.
    public void abandon() {
        abandoned = true;
        queue.clear();
        thread.interrupt();
    }

    /// Waits for what was submitted, for so long.
    ///
    /// @return whether all was written
    public boolean drain(Duration patience) {
        closing = true;
        try {
            return thread.join(patience);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void close() {
        closing = true;
        abandon();
    }

    private void work() {
        try {
            while (!abandoned && !(closing && queue.isEmpty())) {
                Write write = queue.poll(100, TimeUnit.MILLISECONDS);
                if (write != null) {
                    try {
                        if (untilItIsTaken(write.action())) {
                            write.done().run();
                        }
                    } finally {
                        pending.decrementAndGet();
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// @return false where it was given up before
    private boolean untilItIsTaken(Runnable write) throws InterruptedException {
        Duration delay = FIRST_DELAY;
        while (!abandoned) {
            try {
                write.run();
                return true;
            } catch (TanrenException e) {
                if (abandoned) {
                    return false;
                }
                // What lasts was stored: writing it again changes nothing.
                if (e.failureClass() != FailureClass.STORAGE || !e.retryable()) {
                    failed.accept(e);
                    return true;
                }
                LOG.warn("{}; tried again in {}", e.getMessage(), delay);
            } catch (RuntimeException e) {
                if (abandoned) {
                    return false;
                }
                LOG.error("a write of the {} failed in an unforeseen way", name, e);
                failed.accept(unexpected(e));
                return true;
            }
            Thread.sleep(delay);
            Duration doubled = delay.multipliedBy(2);
            delay = doubled.compareTo(LAST_DELAY) > 0 ? LAST_DELAY : doubled;
        }
        return false;
    }

    private TanrenException unexpected(RuntimeException e) {
        return new TanrenException(
                ErrorCode.INTERNAL,
                "a write failed in a way that is not foreseen: " + e,
                name,
                "report it with the worker's log",
                e);
    }
}
