package dev.tanren.cli;

import dev.tanren.launch.RuntimeCommand;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "exactness",
        mixinStandardHelpOptions = true,
        description = {
            "Measures what it costs that matrix products have the same bits in any memory: training"
                    + " with MKL's code path fixed, as ranks have it, and left to MKL, in turn.",
            "The last line is one JSON object."
        })
final class BenchExactnessCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Option(
            names = "--rounds",
            defaultValue = "5",
            converter = BenchOptions.Positive.class,
            description = "How often each is measured (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Mixin private BenchOptions.Training training;
    @Mixin private BenchOptions options;
    @Mixin private OutputOptions output;

    BenchExactnessCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        RuntimeCommand fixed = training.command(terminal, options.threads(), List.of());
        RuntimeCommand free =
                training.command(terminal, options.threads(), List.of("--free-code-path"));
        BenchProcess process = new BenchProcess(terminal);
        BenchRounds figures = new BenchRounds();
        for (int round = 1; round <= rounds; round++) {
            terminal.say("round " + round + " of " + rounds);
            figures.add(BenchRounds.OURS, process.measure("fixed", fixed.processBuilder()));
            figures.add("codePathLeftToMkl", process.measure("free", free.processBuilder()));
        }
        BenchProcess.print(terminal, output, figures.summary());
        return Exit.OK;
    }
}
