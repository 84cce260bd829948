package dev.tanren.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.bench.BenchRank;
import dev.tanren.deploy.bench.RandomTokens;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.deploy.stack.TemporaryFolder;
import dev.tanren.deploy.stack.TemporaryStore;
import dev.tanren.launch.Report;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.ModelSource;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.validation.PlanReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
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
        BenchRank.Command archived =
                arguments -> runtime.trainer(BenchRank.MAIN, options.threads(), arguments);
        BenchRank.Command plain = arguments -> archived.of(arguments).withoutClassArchive();
        List<BenchRank.Measured> withArchive = new ArrayList<>();
        List<BenchRank.Measured> without = new ArrayList<>();
        try (TemporaryStore store = TemporaryStore.start();
                TemporaryFolder folder = TemporaryFolder.create("tanren-startup-")) {
            Map<String, String> datasets = Map.of("ids", dataset(store, folder.path()));
            BenchRank rank = new BenchRank(store, folder.path());
            // The first start fills the caches of the node and of the system.
            rank.train(plan(), architecture(), datasets, archived);
            for (int round = 1; round <= rounds; round++) {
                withArchive.add(
                        say(
                                round,
                                "with class archive",
                                rank.train(plan(), architecture(), datasets, archived)));
                without.add(
                        say(round, "without", rank.train(plan(), architecture(), datasets, plain)));
            }
        }
        output.data(terminal, figures(withArchive, without));
        return Exit.OK;
    }

    private String dataset(TemporaryStore store, Path folder) throws IOException {
        BenchSetting setting = setting();
        return RandomTokens.store(
                store,
                folder,
                architecture().vocabSize(),
                setting.tokens() + 1,
                setting.sequenceLength() + 1);
    }

    private BenchSetting setting() {
        return switch (model.name()) {
            case "tiny" -> new BenchSetting("tiny", 8, 256, "none", 1, false);
            case "small" -> new BenchSetting("small", 4, 512, "none", 1, false);
            default -> new BenchSetting(model.name(), 1, 512, "none", 1, false);
        };
    }

    private Plan plan() {
        return PlanReader.read(setting().plan(options.threads(), 1)).planOrThrow();
    }

    private Architecture architecture() {
        return ((ModelSource.Fresh) plan().model()).architecture();
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
        double[] sorted = starts.stream().mapToDouble(value).sorted().toArray();
        int middle = sorted.length / 2;
        return rounded(
                sorted.length % 2 == 1
                        ? sorted[middle]
                        : (sorted[middle - 1] + sorted[middle]) / 2);
    }

    private static double rounded(double seconds) {
        return Math.round(seconds * 100) / 100.0;
    }
}
