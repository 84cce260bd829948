package dev.tanren.cli;

import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.deploy.corpus.DemoCorpus;
import dev.tanren.deploy.demo.Demo;
import dev.tanren.deploy.demo.DemoPlan;
import dev.tanren.deploy.demo.DemoReport;
import dev.tanren.deploy.stack.FileFolders;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.StackControl;
import dev.tanren.deploy.stack.StackProcesses;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description =
                "Trains on real text, kills a rank and the worker, and shows that nothing changed.")
final class DemoCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Option(names = "--corpus", paramLabel = "FOLDER", description = "Your own text as the domain.")
    private @Nullable Path corpus;

    @Option(names = "--keep", description = "Leave the stack running.")
    private boolean keep;

    @Option(names = "--json", description = "Print one JSON object on the last line.")
    private boolean json;

    @Option(
            names = "--port",
            description = "Port of the console; default: the last one, at first 7420.")
    private @Nullable Integer port;

    DemoCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        StackOptions.check(port, 1);
        TanrenHome home = TanrenHome.of(terminal.environment());
        DemoPlan plan = plan(home);
        Installation installation = Installation.of(terminal.environment());
        StackControl control = new StackControl(home);
        boolean wasRunning = control.running().isPresent();
        UpCommand.sayMended(terminal, control.makePrivate());
        StackProgress progress = new StackProgress(terminal);
        StackStatus status =
                control.up(
                        installation,
                        port,
                        null,
                        FileFolders.ofStack(home, installation, List.of()),
                        progress::show);
        if (!keep && !wasRunning) {
            // At the end of the process, however it comes: Ctrl-C runs no `finally`.
            Runtime.getRuntime()
                    .addShutdownHook(
                            new Thread(() -> control.down(progress::show), "stop-the-stack"));
        }
        terminal.say("console: " + status.console() + "   token: " + home.adminToken());
        ApiClient api = new ApiClient(Server.ofStack(terminal.environment()));
        Demo demo =
                new Demo(
                        api,
                        () -> StackProcesses.workers(control),
                        terminal::progress,
                        terminal::say,
                        admitted -> FileFolders.admit(home, admitted, plan.code()));
        DemoReport report = demo.run(plan);
        terminal.out().println(json ? report.json().toString() : report.text());
        terminal.out().flush();
        if (keep || wasRunning) {
            terminal.say(
                    "The stack goes on at %s; ./tanren down stops it.".formatted(status.console()));
        }
        return report.ok() ? Exit.OK : Exit.FAILED;
    }

    private DemoPlan plan(TanrenHome home) {
        Path maven = Path.of(terminal.environment().getOrDefault(DemoCorpus.MAVEN_VARIABLE, "mvn"));
        DemoCorpus own = DemoCorpus.prepare(home.data(), maven, terminal::say);
        if (corpus == null) {
            return new DemoPlan(own.code(), "**/*.java", own.prose(), own.tokenizer());
        }
        Path folder = terminal.resolve(corpus);
        if (!Files.isDirectory(folder)) {
            throw new TanrenException(
                    ErrorCode.SOURCE_MISSING,
                    "There is no such folder.",
                    folder.toString(),
                    "Name a folder with text files in --corpus.");
        }
        return new DemoPlan(folder, DemoPlan.SOURCE_FILES, own.prose(), own.tokenizer());
    }
}
