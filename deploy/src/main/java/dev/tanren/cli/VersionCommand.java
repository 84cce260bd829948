package dev.tanren.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(
        name = "version",
        mixinStandardHelpOptions = true,
        description = "Prints the version, as --version does.")
final class VersionCommand implements Callable<Integer> {

    private final Terminal terminal;

    VersionCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        for (String line : new TanrenMain.Version().getVersion()) {
            terminal.out().println(line);
        }
        terminal.out().flush();
        return Exit.OK;
    }
}
