package dev.tanren.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.bench.BenchRank;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.launch.Report;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.plan.Plan;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.validation.PlanReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Starts ranks with and without the archive of the trainer's classes, in turn.
@Command(
        name = "startup",
        mixinStandardHelpOptions = true,
        description =
                "Measures the time from the launch of a rank to its first step; the last line is one"
                        + " JSON object.")
final class BenchStartupCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Option(
            names = "--rounds",
            defaultValue = "5",
            converter = BenchOptions.Positive.class,
            description = "How often each is started (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Mixin private BenchOptions.Model model;
    @Mixin private BenchOptions options;
    @Mixin private OutputOptions output;

    BenchStartupCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        ModelRuntime runtime =
                new ModelRuntime(
                        TanrenHome.of(terminal.environment()),
                        Installation.of(terminal.environment()));
        BenchSetting setting = setting();
        Plan plan = PlanReader.read(setting.plan(options.threads(), 1)).planOrThrow();
        List<BenchRank.Measured> archived = new ArrayList<>();
        List<BenchRank.Measured> plain = new ArrayList<>();
        try (BenchRank rank =
                BenchRank.prepare(
                        runtime, plan, setting.tokens() + 1, setting.sequenceLength() + 1)) {
            // The first start fills the caches of the node and of the system.
            rank.train(UnaryOperator.identity());
            for (int round = 1; round <= rounds; round++) {
                archived.add(
                        say(round, "with class archive", rank.train(UnaryOperator.identity())));
                plain.add(say(round, "without", rank.train(RuntimeCommand::withoutClassArchive)));
            }
        }
        output.data(terminal, figures(archived, plain));
        return Exit.OK;
    }

    private BenchSetting setting() {
        return switch (model.name()) {
            case "tiny" -> new BenchSetting("tiny", 8, 256, "none", 1, false);
            case "small" -> new BenchSetting("small", 4, 512, "none", 1, false);
            default -> new BenchSetting(model.name(), 1, 512, "none", 1, false);
        };
    }

    private BenchRank.Measured say(int round, String what, BenchRank.Measured start) {
        if (output.form() == OutputOptions.Form.TABLE) {
            terminal.out()
                    .println(
                            String.format(
                                    Locale.ROOT,
                                    "round %d, %-18s  greeting %5.2f s  ready %5.2f s  first step %5.2f s",
                                    round,
                                    what,
                                    greeting(start),
                                    ready(start),
                                    firstStep(start)));
            terminal.out().flush();
        }
        return start;
    }

    private ObjectNode figures(List<BenchRank.Measured> archived, List<BenchRank.Measured> plain) {
        ObjectNode figures = Json.mapper().createObjectNode();
        figures.put("model", model.name());
        figures.put("threads", options.threads());
        figures.put("rounds", rounds);
        figures.put("secondsToGreeting", median(archived, BenchStartupCommand::greeting));
        figures.put("secondsToReady", median(archived, BenchStartupCommand::ready));
        figures.put("secondsToFirstStep", median(archived, BenchStartupCommand::firstStep));
        figures.put(
                "slowestSecondsToFirstStep",
                rounded(
                        archived.stream()
                                .mapToDouble(BenchStartupCommand::firstStep)
                                .max()
                                .orElseThrow()));
        figures.put("secondsToGreetingPlain", median(plain, BenchStartupCommand::greeting));
        figures.put("secondsToFirstStepPlain", median(plain, BenchStartupCommand::firstStep));
        return figures;
    }

    private static double greeting(BenchRank.Measured start) {
        return start.secondsTo(Report.Hello.class);
    }

    /// With its state, its data and the other ranks.
    private static double ready(BenchRank.Measured start) {
        return start.secondsTo(Report.Ready.class);
    }

    private static double firstStep(BenchRank.Measured start) {
        return start.secondsTo(Report.StepFinished.class);
    }

    private static double median(
            List<BenchRank.Measured> starts, ToDoubleFunction<BenchRank.Measured> value) {
        return rounded(Median.of(starts.stream().mapToDouble(value).toArray()));
    }

    private static double rounded(double seconds) {
        return Math.round(seconds * 100) / 100.0;
    }
}
