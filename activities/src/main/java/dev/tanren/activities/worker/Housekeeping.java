package dev.tanren.activities.worker;

import dev.tanren.activities.journal.JournalReplay;
import dev.tanren.activities.process.ReportSocket;
import dev.tanren.activities.process.WorkerScratch;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.cache.CacheBound;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes down and clears away what workers left behind, at the start and every half minute.
final class Housekeeping implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
    private static final long SECONDS = 30;

    private final JournalReplay journals;
    private final WorkerScratch scratch;
    private final CacheBound cache;
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("housekeeping").daemon().factory());

    private Housekeeping(JournalReplay journals, WorkerScratch scratch, CacheBound cache) {
        this.journals = journals;
        this.scratch = scratch;
        this.cache = cache;
    }

    static Housekeeping start(JournalReplay journals, WorkerScratch scratch, CacheBound cache) {
        Housekeeping housekeeping = new Housekeeping(journals, scratch, cache);
        var _ =
                housekeeping.timer.scheduleWithFixedDelay(
                        housekeeping::run, 0, SECONDS, TimeUnit.SECONDS);
        return housekeeping;
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }

    private void run() {
        attempt("journals", journals::run);
        attempt("scratch", scratch::removeLeftBehind);
        attempt("sockets", ReportSocket::removeLeftBehind);
        attempt("cache", cache::evict);
    }

    /// What one of them throws keeps none of the others back, nor the next time.
    private static void attempt(String what, Runnable task) {
        try {
            task.run();
        } catch (TanrenException e) {
            LOG.warn("{}: {}", what, e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("{}: unforeseen", what, e);
        }
    }
}
