package dev.tanren.cli;

import dev.tanren.deploy.stack.Installation;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.plan.TrainingStage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = "Measures training on random data; the last line is one JSON object.")
final class BenchTrainCommand implements Callable<Integer> {

    private static final String PEER = "tools/peers/hf_trainer.py";

    private final Terminal terminal;

    @Option(
            names = "--peer",
            description =
                    "Measure the Hugging Face Trainer in turn, with its allocator as it comes and"
                            + " tuned, with the Python of TANREN_PYTHON.")
    private boolean peer;

    @Option(
            names = "--rounds",
            defaultValue = "3",
            converter = BenchOptions.Positive.class,
            description = "How often each is measured with --peer (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--activations",
            defaultValue = "none",
            description = "none, selective or full (default: ${DEFAULT-VALUE}).")
    private TrainingStage.Activations activations;

    @Option(
            names = "--precision",
            defaultValue = "fp32",
            description = "fp32 or bf16, for the peer by autocast (default: ${DEFAULT-VALUE}).")
    private TrainingStage.Precision precision;

    @Option(
            names = "--logits-at-once",
            paramLabel = "N",
            defaultValue = "0",
            converter = BenchOptions.NotNegative.class,
            description =
                    "Logits of one chunk of the loss; a very large number makes all of a batch at"
                            + " once (default: what training takes).")
    private int logitsAtOnce;

    @Mixin private BenchOptions.Training training;
    @Mixin private BenchOptions options;
    @Mixin private OutputOptions output;

    BenchTrainCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        RuntimeCommand command = training.command(terminal, options.threads(), settings());
        BenchProcess process = new BenchProcess(terminal);
        if (!peer) {
            BenchProcess.print(
                    terminal, output, process.measure("tanren", command.processBuilder()));
            return Exit.OK;
        }
        BenchRounds figures = new BenchRounds();
        for (int round = 1; round <= rounds; round++) {
            terminal.say("round " + round + " of " + rounds);
            figures.add(
                    BenchRounds.OURS, process.measure(BenchRounds.OURS, command.processBuilder()));
            figures.add("trainer", process.measure("peer", peer(List.of())));
            figures.add("trainerTuned", process.measure("tuned peer", peer(List.of("--tuned"))));
        }
        BenchProcess.print(terminal, output, figures.summary());
        return Exit.OK;
    }

    private ProcessBuilder peer(List<String> more) {
        String python = terminal.environment().getOrDefault("TANREN_PYTHON", "python3");
        Path script = Installation.of(terminal.environment()).root().resolve(PEER);
        List<String> command = new ArrayList<>(List.of(python, script.toString(), "--json"));
        command.addAll(training.arguments(options.threads()));
        command.addAll(precision());
        command.addAll(more);
        return new ProcessBuilder(command);
    }

    private List<String> settings() {
        List<String> settings = new ArrayList<>(precision());
        settings.addAll(List.of("--activations", activations.name().toLowerCase(Locale.ROOT)));
        settings.addAll(List.of("--logits-at-once", Integer.toString(logitsAtOnce)));
        return settings;
    }

    /// The same for both, so that they measure the same.
    private List<String> precision() {
        return List.of("--precision", precision.name().toLowerCase(Locale.ROOT));
    }
}
