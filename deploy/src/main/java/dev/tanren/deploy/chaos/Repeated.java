package dev.tanren.deploy.chaos;

/// Does the same again and again, beside what else goes on, until it is closed.
final class Repeated implements AutoCloseable {

    /// One time of it, with the pause that follows.
    @FunctionalInterface
    interface Turn {
        void make() throws InterruptedException;
    }

    private final Turn turn;
    private final Thread thread = Thread.ofVirtual().unstarted(this::repeat);
    private volatile boolean over;

    private Repeated(Turn turn) {
        this.turn = turn;
    }

    static Repeated begin(Turn turn) {
        Repeated repeated = new Repeated(turn);
        repeated.thread.start();
        return repeated;
    }

    private void repeat() {
        try {
            while (!over) {
                turn.make();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Waits for the end of the turn that is under way.
    @Override
    public void close() {
        over = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
