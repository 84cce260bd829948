package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.deploy.stack.TemporaryStore;
import dev.tanren.launch.RuntimeCommand;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Measures what asynchronous saves cost, with an S3 server of its own on this machine, which has
/// its share of the processor as the embedded stack's has.
@Command(
        name = "checkpoint",
        mixinStandardHelpOptions = true,
        description = "Measures training with and without saves, in turn.")
final class BenchCheckpointCommand implements Callable<Integer> {

    private static final String MAIN = "dev.tanren.trainer.bench.CheckpointBenchmarkMain";

    private final Terminal terminal;

    @Option(
            names = "--save-every",
            defaultValue = "10",
            converter = BenchOptions.Positive.class,
            description = "Steps from one save to the next (default: ${DEFAULT-VALUE}).")
    private int saveEvery;

    @Option(
            names = "--rounds",
            defaultValue = "8",
            converter = BenchOptions.Positive.class,
            description = "How often each is measured (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Mixin private BenchOptions.Model model;
    @Mixin private BenchOptions options;
    @Mixin private OutputOptions output;

    BenchCheckpointCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        RuntimeCommand command =
                new ModelRuntime(
                                TanrenHome.of(terminal.environment()),
                                Installation.of(terminal.environment()))
                        .trainer(MAIN, options.threads(), arguments());
        try (TemporaryStore store = TemporaryStore.start()) {
            ProcessBuilder builder = command.processBuilder();
            builder.environment().putAll(store.environment());
            JsonNode result = new BenchProcess(terminal).measure("tanren", builder);
            BenchProcess.print(terminal, output, result);
        }
        return Exit.OK;
    }

    private List<String> arguments() {
        return List.of(
                "--model",
                model.name(),
                "--save-every",
                Integer.toString(saveEvery),
                "--rounds",
                Integer.toString(rounds),
                "--threads",
                Integer.toString(options.threads()));
    }
}
