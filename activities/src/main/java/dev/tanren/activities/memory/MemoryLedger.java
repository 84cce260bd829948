package dev.tanren.activities.memory;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/// What is promised of a worker's memory to the processes that it launches: never more than there
/// is.
///
/// Memory is handed out in the order in which it was asked for. Who asks for much is not passed by
/// those who ask for little after it, so everybody's turn comes as long as promises end. Safe for
/// use by many threads.
public final class MemoryLedger {

    private final long totalBytes;
    private final Deque<Grant> waiting = new ArrayDeque<>();
    private long promised;

    /// @param totalBytes what all launched processes may have together, above 0
    public MemoryLedger(long totalBytes) {
        if (totalBytes <= 0) {
            throw new IllegalArgumentException("no memory to promise: " + totalBytes);
        }
        this.totalBytes = totalBytes;
    }

    public long totalBytes() {
        return totalBytes;
    }

    public synchronized long promisedBytes() {
        return promised;
    }

    public synchronized long freeBytes() {
        return totalBytes - promised;
    }

    /// Takes a place in the row.
    ///
    /// @param bytes not negative; who wants more than there is asks for all of it
    public synchronized Grant ask(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("a demand is not negative: " + bytes);
        }
        Grant grant = new Grant(Math.min(bytes, totalBytes));
        waiting.add(grant);
        handOut();
        return grant;
    }

    private void handOut() {
        while (!waiting.isEmpty() && waiting.getFirst().bytes <= totalBytes - promised) {
            Grant next = waiting.removeFirst();
            promised += next.bytes;
            next.state = State.HELD;
        }
        notifyAll();
    }

    private enum State {
        WAITING,
        HELD,
        GIVEN_BACK
    }

    /// A place in the row, and then a promise. Given back when it is closed.
    public final class Grant implements AutoCloseable {

        private long bytes;
        private State state = State.WAITING;

        private Grant(long bytes) {
            this.bytes = bytes;
        }

        public long bytes() {
            synchronized (MemoryLedger.this) {
                return bytes;
            }
        }

        /// Whether it is all that there is.
        public boolean isWhole() {
            return bytes() == totalBytes;
        }

        /// Waits until the memory is promised, for so long.
        ///
        /// @return whether it is
        public boolean await(Duration patience) throws InterruptedException {
            long end = System.nanoTime() + patience.toNanos();
            synchronized (MemoryLedger.this) {
                long left = end - System.nanoTime();
                while (state == State.WAITING && left > 0) {
                    MemoryLedger.this.wait(left / 1_000_000, (int) (left % 1_000_000));
                    left = end - System.nanoTime();
                }
                return state == State.HELD;
            }
        }

        /// Makes the promise larger where so much is free, whoever waits: what is taken already
        /// cannot be promised to anybody else.
        ///
        /// @return whether it is at least so large now
        public boolean growTo(long wanted) {
            synchronized (MemoryLedger.this) {
                if (wanted <= bytes) {
                    return true;
                }
                if (state != State.HELD || wanted - bytes > totalBytes - promised) {
                    return false;
                }
                promised += wanted - bytes;
                bytes = wanted;
                return true;
            }
        }

        @Override
        public void close() {
            synchronized (MemoryLedger.this) {
                switch (state) {
                    case WAITING -> waiting.remove(this);
                    case HELD -> promised -= bytes;
                    case GIVEN_BACK -> {
                        return;
                    }
                }
                state = State.GIVEN_BACK;
                handOut();
            }
        }
    }
}
