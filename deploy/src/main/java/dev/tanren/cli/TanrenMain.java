package dev.tanren.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.PrintWriter;
import java.lang.reflect.Constructor;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IFactory;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// The command line's entry.
@Command(
        name = "tanren",
        mixinStandardHelpOptions = true,
        versionProvider = TanrenMain.Version.class,
        description = "Trains language models as durable workflows.",
        subcommands = {
            UpCommand.class,
            DownCommand.class,
            StatusCommand.class,
            RunCommand.class,
            PlanCommand.class,
            CheckpointCommand.class,
            ModelCommand.class,
            TokenCommand.class,
            AuditCommand.class,
            BenchCommand.class,
            DemoCommand.class,
            ChaosCommand.class,
            CompletionCommand.class,
            VersionCommand.class,
            HelpCommand.class
        },
        footer = {
            "",
            "./tanren test runs every test.",
            "Exit codes: 0 ok, 1 failed, 2 usage, 3 not found, 4 not authorised, 5 conflict,",
            "6 timeout, 130 interrupted."
        })
public final class TanrenMain {

    private TanrenMain() {}

    public static void main(String[] arguments) {
        System.exit(run(Terminal.ofThisProcess(), arguments));
    }

    /// Runs one command.
    ///
    /// @return its exit code
    public static int run(Terminal terminal, String... arguments) {
        ErrorReport errors = new ErrorReport(terminal, OutputOptions.asked(arguments));
        CommandLine line = new CommandLine(new TanrenMain(), new Factory(terminal));
        line.setOut(new PrintWriter(terminal.out(), true, UTF_8));
        line.setErr(new PrintWriter(terminal.err(), true, UTF_8));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setColorScheme(
                CommandLine.Help.defaultColorScheme(
                        terminal.coloredOut()
                                ? CommandLine.Help.Ansi.ON
                                : CommandLine.Help.Ansi.OFF));
        line.setParameterExceptionHandler(
                (error, given) -> {
                    errors.report(usage(error));
                    return Exit.USAGE;
                });
        line.setExecutionExceptionHandler((error, command, parsed) -> errors.report(error));
        return line.execute(arguments);
    }

    private static TanrenException usage(ParameterException error) {
        String name = error.getCommandLine().getCommandSpec().qualifiedName();
        String program = name.replaceFirst("^tanren", "./tanren");
        return new TanrenException(
                ErrorCode.USAGE,
                String.valueOf(error.getMessage()),
                name,
                suggested(error)
                        .map(like -> "Did you mean: " + program + " " + like)
                        .orElse("See " + program + " --help"));
    }

    /// The command or option that is spelt most like what was given.
    private static Optional<String> suggested(ParameterException error) {
        return error instanceof UnmatchedArgumentException unmatched
                ? unmatched.getSuggestions().stream().findFirst()
                : Optional.empty();
    }

    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = TanrenMain.class.getPackage().getImplementationVersion();
            return new String[] {"tanren " + (version == null ? "development build" : version)};
        }
    }

    /// Gives commands their terminal.
    private record Factory(Terminal terminal) implements IFactory {
        @Override
        public <K> K create(Class<K> type) throws Exception {
            for (Constructor<?> constructor : type.getDeclaredConstructors()) {
                if (constructor.getParameterCount() == 1
                        && constructor.getParameterTypes()[0] == Terminal.class) {
                    return type.cast(constructor.newInstance(terminal));
                }
            }
            return CommandLine.defaultFactory().create(type);
        }
    }
}
