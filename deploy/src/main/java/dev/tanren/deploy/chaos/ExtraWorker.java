package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.stack.StackProcesses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// A worker beside those of the stack, which nobody starts anew.
///
/// It is started as the stack starts its own, which every program of the same user can read
/// (Linux), but for what it is told otherwise.
final class ExtraWorker implements AutoCloseable {

    private static final Duration ANNOUNCED = Duration.ofSeconds(60);

    /// The stack's own worker writes that archive at its end.
    private static final String WRITES_ARCHIVE = "-XX:+AutoCreateSharedArchive";

    private static final String SCRATCH = "TANREN_WORKER_SCRATCH";

    private final Laboratory laboratory;
    private final Process process;
    private final Thread atExit;

    private ExtraWorker(Laboratory laboratory, Process process) {
        this.laboratory = laboratory;
        this.process = process;
        this.atExit = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /// How a worker is started.
    record Program(List<String> command, Map<String, String> environment) {
        Program {
            command = List.copyOf(command);
            environment = Map.copyOf(environment);
        }

        /// That of the stack's first worker, which must be running.
        static Program ofTheStack(Laboratory laboratory) throws InterruptedException {
            long worker = laboratory.awaitWorker();
            List<String> command =
                    StackProcesses.commandOf(worker).stream()
                            .filter(argument -> !argument.equals(WRITES_ARCHIVE))
                            .toList();
            return new Program(command, StackProcesses.environmentOf(worker));
        }
    }

    /// Starts a worker and waits until it is announced, as one that takes work.
    ///
    /// @param name of its log and its scratch folder
    /// @param otherwise variables of its environment that are not those of the stack's worker
    static ExtraWorker start(
            Laboratory laboratory, Program program, String name, Map<String, String> otherwise)
            throws InterruptedException {
        Path log = laboratory.home().logs().resolve(name + ".log");
        ProcessBuilder builder =
                new ProcessBuilder(program.command())
                        .directory(laboratory.home().folder().toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile());
        builder.environment().clear();
        builder.environment().putAll(program.environment());
        builder.environment().put(SCRATCH, laboratory.home().scratch(name).toString());
        builder.environment().putAll(otherwise);
        ExtraWorker worker;
        try {
            worker = new ExtraWorker(laboratory, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        laboratory.joins(worker);
        if (!laboratory.comesAbout(ANNOUNCED, worker::announced)) {
            worker.close();
            throw Laboratory.broken("The worker " + name + " does not take work.", log.toString());
        }
        return worker;
    }

    long pid() {
        return process.pid();
    }

    boolean alive() {
        return process.isAlive();
    }

    /// Whether the stack has lately heard of it.
    boolean announced() {
        for (JsonNode known : laboratory.api().get("/workers").path("items")) {
            if (known.path("pid").asLong() == pid() && known.path("alive").asBoolean()) {
                return true;
            }
        }
        return false;
    }

    /// Kills it, with which its ranks end.
    @Override
    public void close() {
        process.destroyForcibly();
        laboratory.leaves(this);
        Runtime.getRuntime().removeShutdownHook(atExit);
    }
}
