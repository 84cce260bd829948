package dev.tanren.deploy.stack.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Runs a program to its end.
final class Program {

    private static final int LINES_SHOWN = 15;

    private Program() {}

    /// @throws TanrenException `STACK_PART_FAILED`, with the end of its log, unless it ends with 0
    ///     in time
    static void run(String name, PartCommand command, Path log, Duration patience)
            throws IOException, InterruptedException {
        RunningProcess.rotateLog(log);
        RunningProcess process = RunningProcess.start(command, log);
        if (!process.finish(patience)) {
            throw failed(name, process.ending(), log, null);
        }
    }

    static TanrenException failed(String name, String ending, Path log, @Nullable Throwable cause) {
        return TanrenException.withLines(
                ErrorCode.STACK_PART_FAILED,
                "The stack's part " + name + " " + ending + "." + lastLines(log),
                log.toString(),
                "Read the log, mend what it names, and start the stack again.",
                cause);
    }

    private static String lastLines(Path log) {
        try {
            List<String> lines = Files.readAllLines(log);
            List<String> last =
                    lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size());
            return last.isEmpty() ? "" : " Its last lines:\n    " + String.join("\n    ", last);
        } catch (IOException unreadable) {
            return "";
        }
    }
}
