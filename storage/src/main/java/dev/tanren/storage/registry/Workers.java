package dev.tanren.storage.registry;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/// The nodes that run attempts, as they announce themselves.
public interface Workers {

    /// A worker that was silent for so long is taken for gone.
    Duration SILENCE = Duration.ofSeconds(15);

    /// Records that a worker lives. Called every few seconds.
    void announce(Worker worker);

    /// All that announced themselves in the last day, newest first.
    List<Worker> list();

    /// Those that announced themselves in this time, newest first. Both times are the database's.
    List<Worker> heardWithin(Duration silence);

    /// Those that lived for a part of this time, oldest first, however long ago that was.
    List<Worker> between(Instant from, Instant until);

    /// @param workerId stable for one start of a worker process
    /// @param memoryBytes what the processes that it launches may have together
    /// @param promisedBytes what is promised of that to those that are at work
    /// @param activity what it does now, in words
    record Worker(
            String workerId,
            String host,
            long pid,
            String taskQueue,
            int cores,
            long memoryBytes,
            long promisedBytes,
            String version,
            String activity,
            Instant startedAt,
            Instant seenAt) {

        /// What the activity is where a worker does nothing.
        public static final String IDLE = "idle";

        /// What could be promised to another process now.
        public long freeBytes() {
            return memoryBytes - promisedBytes;
        }
    }
}
