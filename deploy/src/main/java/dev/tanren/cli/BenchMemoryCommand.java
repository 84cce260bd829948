package dev.tanren.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.bench.BenchRank;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.planner.Explanation;
import dev.tanren.plan.planner.MemoryEstimate;
import dev.tanren.plan.planner.Planner;
import dev.tanren.plan.validation.PlanReader;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
        name = "memory",
        mixinStandardHelpOptions = true,
        description =
                "Compares the memory that `plan explain` predicts of a rank with what it takes, over "
                        + "a grid of settings; the last line is one JSON object.")
final class BenchMemoryCommand implements Callable<Integer> {

    private static final double MEBIBYTE = 1 << 20;

    private final Terminal terminal;

    @Option(
            names = "--only",
            paramLabel = "MODEL",
            description = "Settings of one model alone: tiny, small, gpt2 or smollm2-135m.")
    private @Nullable String only;

    @Option(
            names = "--steps",
            defaultValue = "3",
            converter = BenchOptions.Positive.class,
            description = "Steps of each setting (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Mixin private BenchOptions options;
    @Mixin private OutputOptions output;

    BenchMemoryCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    /// Predicted and measured memory of one setting.
    record Row(BenchSetting setting, MemoryEstimate predicted, BenchRank.Measured measured) {

        double predictedMiB() {
            return predicted.totalBytes() / MEBIBYTE;
        }

        double peakMiB() {
            return measured.peakBytes() / MEBIBYTE;
        }

        double ratio() {
            return predictedMiB() / peakMiB();
        }

        ObjectNode json() {
            ObjectNode row = Json.mapper().valueToTree(setting);
            row.put("predictedMiB", Math.round(predictedMiB()));
            row.put("peakRssMiB", Math.round(peakMiB()));
            row.put("ratio", Math.round(ratio() * 1000) / 1000.0);
            row.put("secondsPerStep", Math.round(secondsPerStep() * 1000) / 1000.0);
            return row;
        }

        private double secondsPerStep() {
            return measured.steps().stream()
                    .mapToDouble(step -> step.seconds().total())
                    .min()
                    .orElse(0);
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        line(
                "model          micro-batch  length  activations  accumulated  predicted   measured  ratio");
        ArrayNode rows = Json.mapper().createArrayNode();
        double worst = 1;
        for (BenchSetting setting : settings()) {
            Row row = measure(setting);
            line(
                    String.format(
                            Locale.ROOT,
                            "%-14s %11d %7d  %-11s %12d %6.0f MiB %6.0f MiB  %5.2f",
                            setting.model(),
                            setting.microBatch(),
                            setting.sequenceLength(),
                            setting.activations(),
                            setting.microBatches(),
                            row.predictedMiB(),
                            row.peakMiB(),
                            row.ratio()));
            rows.add(row.json());
            worst = Math.abs(row.ratio() - 1) > Math.abs(worst - 1) ? row.ratio() : worst;
        }
        ObjectNode result = Json.mapper().createObjectNode();
        result.put("worstRatio", Math.round(worst * 1000) / 1000.0);
        result.set("settings", rows);
        output.data(terminal, result);
        return Exit.OK;
    }

    private List<BenchSetting> settings() {
        List<BenchSetting> chosen =
                BenchSetting.GRID.stream()
                        .filter(setting -> only == null || setting.model().equals(only))
                        .toList();
        if (chosen.isEmpty()) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "there is no setting of a model `" + only + "`",
                    "--only",
                    "Take one of " + BenchSetting.models() + ".");
        }
        return chosen;
    }

    private Row measure(BenchSetting setting) throws IOException, InterruptedException {
        Plan plan = PlanReader.read(setting.plan(options.threads(), steps)).planOrThrow();
        ModelRuntime runtime =
                new ModelRuntime(
                        TanrenHome.of(terminal.environment()),
                        Installation.of(terminal.environment()));
        try (BenchRank rank =
                BenchRank.prepare(
                        runtime, plan, setting.tokens() * steps + 1, 2 * setting.places() + 1)) {
            Row row = new Row(setting, predicted(plan), rank.train(UnaryOperator.identity()));
            terminal.say(setting + ": " + row.json());
            return row;
        }
    }

    private static MemoryEstimate predicted(Plan plan) {
        Explanation.Training training =
                Objects.requireNonNull(Planner.explain(plan, null).stages().getFirst().training());
        return Objects.requireNonNull(training.compute()).memoryPerRank();
    }

    private void line(String text) {
        if (output.form() == OutputOptions.Form.TABLE) {
            terminal.out().println(text);
            terminal.out().flush();
        }
    }
}
