package dev.tanren.activities.hub.internal;

import dev.tanren.activities.hub.HubPatience;
import dev.tanren.activities.hub.HubPause;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Counts the tries of one piece of work, and waits between them.
final class Tries {

    private final HubPatience patience;
    private final HubPause pause;
    private final String where;
    private final long end;
    private int fruitless;

    /// @param where what errors call the work
    Tries(HubPatience patience, HubPause pause, String where, Duration deadline) {
        this.patience = patience;
        this.pause = pause;
        this.where = where;
        this.end = System.nanoTime() + deadline.toNanos();
    }

    /// Time left, negative when it is over.
    Duration left() {
        return Duration.ofNanos(end - System.nanoTime());
    }

    void broughtSomething() {
        fruitless = 0;
    }

    /// Waits, unless it was the last try.
    ///
    /// @throws TanrenException `HUB_UNREACHABLE`
    void failed(IOException failure) {
        fruitless++;
        Duration asked = failure instanceof TransientFailure told ? told.asked() : null;
        if (fruitless >= patience.tries()) {
            throw unreachable("failed " + fruitless + " times in a row, at last: ", failure);
        }
        if (asked != null && asked.compareTo(patience.greatestAsked()) > 0) {
            throw unreachable(
                    "asks to be left alone for " + asked.toSeconds() + " seconds: ", failure);
        }
        Duration wait = wait(asked);
        if (wait.compareTo(left()) > 0) {
            throw unreachable("did not end before its deadline, at last: ", failure);
        }
        try {
            pause.until(wait);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unreachable("was interrupted after: ", failure);
        }
    }

    private Duration wait(@Nullable Duration asked) {
        Duration doubled = patience.firstDelay().multipliedBy(1L << Math.min(fruitless - 1, 20));
        Duration own =
                doubled.compareTo(patience.greatestDelay()) > 0
                        ? patience.greatestDelay()
                        : doubled;
        return asked == null || asked.compareTo(own) < 0 ? own : asked;
    }

    private TanrenException unreachable(String what, IOException failure) {
        String reason = failure.getMessage();
        return new TanrenException(
                ErrorCode.HUB_UNREACHABLE,
                "reading from the Hub "
                        + what
                        + (reason == null ? failure.getClass().getSimpleName() : reason),
                where,
                "Check the network, the address in TANREN_HUB_ENDPOINT and the Hub's state.",
                failure);
    }
}
