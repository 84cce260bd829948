package dev.tanren.cli;

import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.StackControl;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.TanrenHome;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        description = "Starts the embedded stack and keeps it until Ctrl-C.")
final class UpCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Option(
            names = "--detach",
            description = "Return when the stack is ready; ./tanren down stops it.")
    private boolean detach;

    @Option(
            names = "--port",
            description = "Port of the console; default: the last one, at first 7420.")
    private @Nullable Integer port;

    @Option(names = "--workers", description = "How many workers (default: 1).")
    private @Nullable Integer workers;

    @Option(
            names = "--files",
            paramLabel = "FOLDER",
            description =
                    "A folder that file: sources of plans may lie in; may be repeated. Default: "
                            + "TANREN_FILE_ROOTS, else the current folder and the checkout.")
    private List<Path> files = List.of();

    @Mixin private OutputOptions output;

    UpCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        StackOptions.check(port, workers == null ? 1 : workers);
        TanrenHome home = TanrenHome.of(terminal.environment());
        Installation installation = Installation.of(terminal.environment());
        StackControl control = new StackControl(home);
        sayMended(terminal, control.makePrivate());
        StackProgress progress = new StackProgress(terminal);
        List<Path> roots = fileRoots(home, installation);
        if (detach) {
            announce(home, control.up(installation, port, workers, roots, progress::show));
            return Exit.OK;
        }
        Thread stop = new Thread(() -> stop(control, progress));
        Runtime.getRuntime().addShutdownHook(stop);
        StackStatus status;
        try {
            status = control.up(installation, port, workers, roots, progress::show);
            announce(home, status);
            terminal.say("Ctrl-C stops the stack.");
            while (status.supervisor().alive()) {
                Thread.sleep(500);
            }
        } finally {
            leave(stop);
        }
        return ended(control);
    }

    static void sayMended(Terminal terminal, List<Path> mended) {
        if (!mended.isEmpty()) {
            String paths = mended.stream().map(Path::toString).collect(Collectors.joining(", "));
            terminal.say("Others could look into " + paths + ", and no longer can.");
        }
    }

    private void announce(TanrenHome home, StackStatus status) {
        terminal.say("console: " + status.console());
        terminal.say("token:   " + home.adminToken());
        if (output.form() != OutputOptions.Form.TABLE) {
            output.data(terminal, StatusView.of(home, status));
        }
    }

    private void stop(StackControl control, StackProgress progress) {
        terminal.say("stopping the stack ...");
        control.down(progress::show);
        terminal.say("The stack has been stopped.");
    }

    /// Does nothing where the process ends already, by that very hook.
    private static void leave(Thread stop) {
        try {
            Runtime.getRuntime().removeShutdownHook(stop);
        } catch (IllegalStateException ending) {
            System.getLogger(UpCommand.class.getName())
                    .log(System.Logger.Level.DEBUG, "the process ends", ending);
        }
    }

    /// Tells a stack that another command stopped from one whose supervisor was killed.
    private int ended(StackControl control) {
        boolean stopped =
                control.last().filter(it -> it.phase() == StackStatus.Phase.STOPPED).isPresent();
        if (stopped) {
            terminal.say("The stack has been stopped.");
            return Exit.OK;
        }
        terminal.say(
                "The stack's supervisor has ended, and nobody starts its parts again.\n"
                        + "  mend:  ./tanren up takes over what still runs, ./tanren down stops it");
        return Exit.FAILED;
    }

    private List<Path> fileRoots(TanrenHome home, Installation installation) {
        List<Path> roots = new ArrayList<>();
        roots.add(home.data());
        String named = terminal.environment().getOrDefault("TANREN_FILE_ROOTS", "");
        if (!files.isEmpty()) {
            files.forEach(folder -> roots.add(terminal.resolve(folder)));
        } else if (named.isBlank()) {
            roots.add(terminal.folder());
            roots.add(installation.root());
        } else {
            for (String folder : named.split(":", -1)) {
                roots.add(terminal.resolve(Path.of(folder)));
            }
        }
        return roots.stream().distinct().toList();
    }
}
