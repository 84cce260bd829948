package dev.tanren.cli;

import dev.tanren.deploy.stack.StackControl;
import dev.tanren.deploy.stack.TanrenHome;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

@Command(
        name = "down",
        mixinStandardHelpOptions = true,
        description = "Stops the embedded stack; runs go on when it is started again.")
final class DownCommand implements Callable<Integer> {

    private final Terminal terminal;

    DownCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        StackControl control = new StackControl(TanrenHome.of(terminal.environment()));
        boolean stopped = control.down(new StackProgress(terminal)::show);
        terminal.say(stopped ? "The stack has been stopped." : "The stack was not running.");
        return Exit.OK;
    }
}
