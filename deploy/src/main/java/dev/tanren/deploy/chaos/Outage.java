package dev.tanren.deploy.chaos;

import dev.tanren.deploy.stack.StackProcesses;

/// A part of the stack that is killed again as soon as it is started, until this is closed.
final class Outage implements AutoCloseable {

    private static final long POLL_MILLIS = 50;

    private final Thread killer;
    private volatile boolean over;

    private Outage(Laboratory laboratory, String part) {
        this.killer = Thread.ofVirtual().unstarted(() -> kill(laboratory, part));
    }

    /// @param part its name in `./tanren status`
    static Outage begin(Laboratory laboratory, String part) {
        Outage outage = new Outage(laboratory, part);
        outage.killer.start();
        return outage;
    }

    private void kill(Laboratory laboratory, String part) {
        try {
            while (!over) {
                var process = StackProcesses.of(laboratory.control(), part);
                if (process.isPresent()) {
                    laboratory.signal("KILL", process.getAsLong());
                }
                Thread.sleep(POLL_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Lets the part come back.
    @Override
    public void close() {
        over = true;
        try {
            killer.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
