package dev.tanren.cli;

import picocli.CommandLine.Command;

@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = "Submits runs, follows them and steers them.",
        subcommands = {
            SubmitCommand.class,
            RunListCommand.class,
            RunGetCommand.class,
            DiagnoseCommand.class,
            WatchCommand.class,
            WaitCommand.class,
            RunActionCommand.Pause.class,
            RunActionCommand.Resume.class,
            RunActionCommand.Cancel.class,
            RunActionCommand.Retry.class,
            RunDeleteCommand.class,
            LogsCommand.class
        })
final class RunCommand {
    private RunCommand() {}
}
