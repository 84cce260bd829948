package dev.tanren.activities.process;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A child process whose output goes to a file.
///
/// The thread that starts it lives as long as the child: Linux sends a child its parent-death
/// signal when the thread that forked it ends.
public final class LaunchedProcess {

    private static final Logger LOG = LoggerFactory.getLogger(LaunchedProcess.class);

    private static final long LAST_WAIT_SECONDS = 10;

    private final Process process;

    private LaunchedProcess(Process process) {
        this.process = process;
    }

    /// @param environment put over what the command sets; may hold secrets, unlike the arguments
    /// @param exited told the exit code, on the child's own thread; a signal is 128 plus its number
    public static LaunchedProcess start(
            String name,
            ProcessBuilder command,
            Map<String, String> environment,
            Path log,
            IntConsumer exited) {
        command.environment().putAll(environment);
        command.redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        CompletableFuture<Process> started = new CompletableFuture<>();
        Thread.ofPlatform()
                .name("child-" + name)
                .daemon()
                .start(() -> own(command, started, exited));
        return new LaunchedProcess(join(name, started));
    }

    public long pid() {
        return process.pid();
    }

    public boolean alive() {
        return process.isAlive();
    }

    /// SIGTERM.
    public void terminate() {
        process.destroy();
    }

    /// SIGKILL.
    public void kill() {
        process.destroyForcibly();
    }

    /// Waits for the end of a process that was killed. One that the kernel cannot end, because its
    /// disk does not answer, is waited for no longer than this.
    public void awaitEnd() {
        try {
            if (!process.waitFor(LAST_WAIT_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("process {} does not end", pid());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// SIGQUIT, which makes a JVM write the stacks of its threads to its output.
    public void dumpStacks() {
        try {
            new ProcessBuilder("kill", "-QUIT", Long.toString(pid())).start().waitFor();
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.TOOL_MISSING,
                    "the program `kill` cannot be run: " + e.getMessage(),
                    "PATH",
                    "install procps or util-linux",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void own(
            ProcessBuilder command, CompletableFuture<Process> started, IntConsumer exited) {
        try {
            Process process = command.start();
            started.complete(process);
            exited.accept(waitFor(process));
        } catch (IOException e) {
            started.completeExceptionally(e);
        }
    }

    /// Nobody interrupts this thread to good effect: it ends when its child does.
    private static int waitFor(Process process) {
        while (true) {
            try {
                return process.waitFor();
            } catch (InterruptedException e) {
                LOG.debug("still waiting for the child", e);
            }
        }
    }

    private static Process join(String name, CompletableFuture<Process> started) {
        try {
            return started.join();
        } catch (java.util.concurrent.CompletionException e) {
            throw new TanrenException(
                    ErrorCode.RANK_LAUNCH,
                    "the process cannot be started: " + e.getMessage(),
                    name,
                    "check TANREN_JAVA and the worker's scratch folder",
                    e);
        }
    }
}
