package dev.tanren.activities.worker;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Waits for what a worker cannot work without.
final class Patience {

    private static final Logger LOG = LoggerFactory.getLogger(Patience.class);
    private static final Duration FIRST_DELAY = Duration.ofMillis(250);
    private static final Duration LAST_DELAY = Duration.ofSeconds(5);

    private Patience() {}

    /// Tries until it succeeds, saying what it waits for.
    static <T> T until(String what, Callable<T> connect) throws InterruptedException {
        Duration delay = FIRST_DELAY;
        while (true) {
            try {
                return connect.call();
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                LOG.info("waiting for {}: {}", what, e.getMessage());
            }
            Thread.sleep(delay);
            Duration doubled = delay.multipliedBy(2);
            delay = doubled.compareTo(LAST_DELAY) > 0 ? LAST_DELAY : doubled;
        }
    }
}
