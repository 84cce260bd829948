package dev.tanren.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.deploy.stack.TemporaryStore;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.validation.PlanReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
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
        List<BenchRank.Start> archived = new ArrayList<>();
        List<BenchRank.Start> plain = new ArrayList<>();
        Path folder = Files.createTempDirectory("tanren-startup-");
        try (TemporaryStore store = TemporaryStore.start()) {
            BenchRank rank = new BenchRank(store.environment(), folder, plan());
            // The first start fills the caches of the node and of the system.
            rank.start(command(runtime));
            for (int round = 1; round <= rounds; round++) {
                archived.add(say(round, "with class archive", rank.start(command(runtime))));
                plain.add(
                        say(
                                round,
                                "without",
                                rank.start(
                                        launch ->
                                                command(runtime)
                                                        .of(launch)
                                                        .withoutClassArchive())));
            }
        } finally {
            delete(folder);
        }
        output.data(terminal, figures(archived, plain));
        return Exit.OK;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> within = Files.walk(folder)) {
            for (Path path : within.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private BenchRank.Launcher command(ModelRuntime runtime) {
        return launch -> runtime.trainer(BenchRank.MAIN, options.threads(), List.of(launch));
    }

    private Plan plan() {
        BenchMemorySetting setting =
                switch (model.name()) {
                    case "tiny" -> new BenchMemorySetting("tiny", 8, 256, "none", 1, false);
                    case "small" -> new BenchMemorySetting("small", 4, 512, "none", 1, false);
                    default -> new BenchMemorySetting(model.name(), 1, 512, "none", 1, false);
                };
        return PlanReader.read(setting.plan(options.threads(), 1)).planOrThrow();
    }

    private BenchRank.Start say(int round, String what, BenchRank.Start start) {
        if (output.form() == OutputOptions.Form.TABLE) {
            terminal.out()
                    .println(
                            String.format(
                                    Locale.ROOT,
                                    "round %d, %-18s  greeting %5.2f s  ready %5.2f s  first step %5.2f s",
                                    round,
                                    what,
                                    start.toGreeting(),
                                    start.toReady(),
                                    start.toFirstStep()));
            terminal.out().flush();
        }
        return start;
    }

    private ObjectNode figures(List<BenchRank.Start> archived, List<BenchRank.Start> plain) {
        ObjectNode figures = Json.mapper().createObjectNode();
        figures.put("model", model.name());
        figures.put("threads", options.threads());
        figures.put("rounds", rounds);
        figures.put("secondsToGreeting", median(archived, BenchRank.Start::toGreeting));
        figures.put("secondsToReady", median(archived, BenchRank.Start::toReady));
        figures.put("secondsToFirstStep", median(archived, BenchRank.Start::toFirstStep));
        figures.put(
                "slowestSecondsToFirstStep",
                rounded(
                        archived.stream()
                                .mapToDouble(BenchRank.Start::toFirstStep)
                                .max()
                                .orElseThrow()));
        figures.put("secondsToGreetingPlain", median(plain, BenchRank.Start::toGreeting));
        figures.put("secondsToFirstStepPlain", median(plain, BenchRank.Start::toFirstStep));
        return figures;
    }

    private static double median(
            List<BenchRank.Start> starts, ToDoubleFunction<BenchRank.Start> value) {
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
