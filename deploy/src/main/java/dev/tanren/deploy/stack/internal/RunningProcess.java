package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.stack.ProcessIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A process of the stack: a child of this one, or one that an earlier supervisor left behind.
///
/// Every start, signal and check of a process goes through here.
final class RunningProcess {

    private static final Duration POLL = Duration.ofMillis(20);
    private static final int LOGS_KEPT = 5;

    private final ProcessIdentity identity;
    private final @Nullable Process child;

    private RunningProcess(ProcessIdentity identity, @Nullable Process child) {
        this.identity = identity;
        this.child = child;
    }

    /// Starts a command; its output goes to the log file, after that of earlier starts.
    static RunningProcess start(PartCommand command, Path log) throws IOException {
        PrivateFiles.folder(command.folder());
        ProcessBuilder builder =
                new ProcessBuilder(command.arguments())
                        .directory(command.folder().toFile())
                        .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        Map<String, String> environment = builder.environment();
        environment.clear();
        environment.putAll(command.wholeEnvironment());
        Process child = builder.start();
        // A process that has ended at once is known by an identity that no living one has.
        ProcessIdentity identity =
                ProcessIdentity.of(child.pid()).orElse(new ProcessIdentity(child.pid(), -1));
        return new RunningProcess(identity, child);
    }

    static Optional<RunningProcess> adopt(ProcessIdentity identity) {
        return identity.alive()
                ? Optional.of(new RunningProcess(identity, null))
                : Optional.empty();
    }

    /// Moves `part.log` to `part.1.log` and so on, and makes a new one that the user alone may
    /// read.
    static void rotateLog(Path log) throws IOException {
        PrivateFiles.folderOf(log);
        for (int i = LOGS_KEPT - 1; i >= 0; i--) {
            Path from = i == 0 ? log : numbered(log, i);
            if (Files.exists(from)) {
                Files.move(from, numbered(log, i + 1), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        PrivateFiles.write(log, "");
    }

    private static Path numbered(Path log, int number) {
        String name = log.getFileName().toString();
        return log.resolveSibling(name.replaceFirst("\\.log$", "." + number + ".log"));
    }

    ProcessIdentity identity() {
        return identity;
    }

    boolean alive() {
        return identity.alive();
    }

    /// How it ended, in words.
    String ending() {
        if (child == null) {
            return "ended";
        }
        try {
            int code = child.waitFor();
            return code > 128 ? "ended by signal " + (code - 128) : "ended with exit code " + code;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "ended";
        }
    }

    /// Waits until it has ended; kills it when it does not end in time.
    ///
    /// @return whether it ended by itself with exit code 0
    boolean finish(Duration patience) {
        boolean inTime = awaitEnd(patience);
        if (!inTime) {
            stop(Signals.KILL, Duration.ZERO);
        }
        return inTime && ending().endsWith("exit code 0");
    }

    /// Asks it to end and waits; kills it when it does not end in time.
    ///
    /// @return whether it ended by itself
    boolean stop(int signal, Duration patience) {
        if (!alive()) {
            return true;
        }
        Signals.send(identity.pid(), signal);
        if (awaitEnd(patience)) {
            return true;
        }
        if (alive()) {
            Signals.send(identity.pid(), Signals.KILL);
            awaitEnd(Duration.ofSeconds(10));
        }
        return false;
    }

    private boolean awaitEnd(Duration patience) {
        long end = System.nanoTime() + patience.toNanos();
        while (alive()) {
            if (System.nanoTime() > end) {
                return false;
            }
            try {
                Thread.sleep(POLL);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }
}
