package dev.tanren.cli;

import dev.tanren.deploy.stack.StackSettings;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import org.jspecify.annotations.Nullable;

/// Bounds of the numbers that people give for a stack.
final class StackOptions {

    private static final int LOWEST_PORT = 1024;
    private static final int HIGHEST_PORT = 65_535;

    private StackOptions() {}

    static void check(@Nullable Integer port, int workers) {
        if (port != null && (port < LOWEST_PORT || port > HIGHEST_PORT)) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "--port is " + port + ".",
                    "--port",
                    "Give a port from " + LOWEST_PORT + " to " + HIGHEST_PORT + ".");
        }
        if (workers < 1 || workers > StackSettings.MOST_WORKERS) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "--workers is " + workers + ".",
                    "--workers",
                    "Give a number from 1 to " + StackSettings.MOST_WORKERS + ".");
        }
    }
}
