package dev.tanren.activities.hub;

import java.time.Duration;

/// Waits between two tries.
@FunctionalInterface
public interface HubPause {

    void until(Duration over) throws InterruptedException;
}
