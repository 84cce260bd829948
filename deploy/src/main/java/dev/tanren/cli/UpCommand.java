package dev.tanren.cli;

import dev.tanren.deploy.stack.FileFolders;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.StackControl;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
                    "A folder that every plan's file: sources may lie in; may be repeated. Default:"
                            + " those in TANREN_FILE_ROOTS. A plan that you submit here may read"
                            + " its own folder besides.")
    private List<Path> files = List.of();

    @Mixin private OutputOptions output;

    /// Whether Ctrl-C was pressed, after which it is no failure that the stack does not start.
    private volatile boolean stopping;

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
        refuseOtherFolders(control);
        StackProgress progress = new StackProgress(terminal);
        List<Path> roots = FileFolders.ofStack(home, installation, named());
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
        } catch (TanrenException failed) {
            if (stopping) {
                return Exit.INTERRUPTED;
            }
            throw failed;
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
        stopping = true;
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

    /// A stack that runs reads what it was started to read.
    private void refuseOtherFolders(StackControl control) {
        control.running()
                .ifPresent(
                        running ->
                                files.stream()
                                        .map(terminal::resolve)
                                        .map(Path::toString)
                                        .filter(folder -> !running.fileRoots().contains(folder))
                                        .findFirst()
                                        .ifPresent(folder -> refuse(folder, running)));
    }

    private static void refuse(String folder, StackStatus running) {
        throw new TanrenException(
                ErrorCode.STATE_CONFLICT,
                "The stack runs already, and was not started to read " + folder + ".",
                running.console(),
                "Stop it first: ./tanren down");
    }

    private List<Path> named() {
        if (!files.isEmpty()) {
            return files.stream().map(folder -> folder(folder, "--files")).toList();
        }
        String variable = terminal.environment().getOrDefault("TANREN_FILE_ROOTS", "");
        return Stream.of(variable.split(":", -1))
                .filter(folder -> !folder.isBlank())
                .map(folder -> folder(Path.of(folder), "TANREN_FILE_ROOTS"))
                .toList();
    }

    private Path folder(Path given, String where) {
        Path folder = terminal.resolve(given);
        if (!Files.isDirectory(folder)) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    folder + " is no folder, so that no plan could read anything in it.",
                    where,
                    "Name a folder that is there.");
        }
        return folder;
    }
}
