package dev.tanren.deploy.chaos;

import dev.tanren.plan.units.ByteSize;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the stack of an experiment is given.
///
/// @param workers how many
/// @param workerMemory what all that its workers launch may have together; null leaves it to the
///     stack, which shares out the machine's
public record Equipment(int workers, @Nullable ByteSize workerMemory) {

    static Equipment of(int workers) {
        return new Equipment(workers, null);
    }

    /// Variables of the stack's start.
    Map<String, String> environment() {
        return workerMemory == null
                ? Map.of()
                : Map.of("TANREN_WORKER_MEMORY", Long.toString(workerMemory.bytes()));
    }
}
