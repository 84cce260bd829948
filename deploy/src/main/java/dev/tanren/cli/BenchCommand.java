package dev.tanren.cli;

import picocli.CommandLine.Command;

@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Measures this machine.",
        subcommands = {
            BenchTrainCommand.class,
            BenchMemoryCommand.class,
            BenchCheckpointCommand.class,
            BenchStartupCommand.class,
            BenchExactnessCommand.class
        })
final class BenchCommand {
    private BenchCommand() {}
}
