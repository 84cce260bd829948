package dev.tanren.deploy.chaos;

import dev.tanren.deploy.stack.StackProcesses;

/// A part of the stack that is killed again as soon as it is started.
final class Outage {

    private static final long POLL_MILLIS = 50;

    private Outage() {}

    /// Lasts until it is closed, which lets the part come back.
    ///
    /// @param part its name in `./tanren status`
    static Repeated begin(Laboratory laboratory, String part) {
        return Repeated.begin(
                () -> {
                    var process = StackProcesses.of(laboratory.control(), part);
                    if (process.isPresent()) {
                        laboratory.signal("KILL", process.getAsLong());
                    }
                    Thread.sleep(POLL_MILLIS);
                });
    }
}
