package dev.tanren.activities.worker;

import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.collector.StoreCollector;
import dev.tanren.storage.collector.StoreCollector.Collected;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Collects the object store while a worker lives. Several workers may do so at once.
final class PeriodicCollection implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PeriodicCollection.class);
    private static final Duration PAUSE = Duration.ofMinutes(10);

    private final StoreCollector collector;
    private final Thread thread;

    private PeriodicCollection(StoreCollector collector) {
        this.collector = collector;
        this.thread = Thread.ofVirtual().name("store-collection").unstarted(this::run);
    }

    static PeriodicCollection start(StoreCollector collector) {
        PeriodicCollection collection = new PeriodicCollection(collector);
        collection.thread.start();
        return collection;
    }

    private void run() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                Thread.sleep(PAUSE);
                collect();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void collect() {
        try {
            Collected collected = collector.collect();
            if (!collected.nothing()) {
                LOG.info("collected {}", collected);
            }
        } catch (TanrenException e) {
            LOG.warn("the object store is not collected now: {}", e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("the object store is not collected now", e);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
