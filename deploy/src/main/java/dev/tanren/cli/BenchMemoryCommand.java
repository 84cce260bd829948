package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.ModelRuntime;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.planner.Explanation;
import dev.tanren.spec.planner.MemoryEstimate;
import dev.tanren.spec.planner.Planner;
import dev.tanren.spec.validation.PlanReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
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

    private static final String MAIN = "dev.tanren.trainer.bench.MemoryBenchmarkMain";
    private static final double MEBIBYTE = 1 << 20;

    private final Terminal terminal;

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
    record Row(BenchMemorySetting setting, MemoryEstimate predicted, JsonNode measured) {

        double predictedMiB() {
            return predicted.totalBytes() / MEBIBYTE;
        }

        double peakMiB() {
            return measured.path("peakRssMiB").asDouble();
        }

        double ratio() {
            return predictedMiB() / peakMiB();
        }

        ObjectNode json() {
            ObjectNode row = Json.mapper().valueToTree(setting);
            row.put("predictedMiB", Math.round(predictedMiB()));
            row.put("peakRssMiB", Math.round(peakMiB()));
            row.put("ratio", Math.round(ratio() * 1000) / 1000.0);
            row.set("secondsPerStep", measured.path("secondsPerStep"));
            return row;
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        line(
                "model          micro-batch  length  activations  accumulated  predicted   measured  ratio");
        ArrayNode rows = Json.mapper().createArrayNode();
        double worst = 1;
        for (BenchMemorySetting setting : BenchMemorySetting.GRID) {
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

    private Row measure(BenchMemorySetting setting) throws IOException, InterruptedException {
        Path plan = Files.createTempFile("tanren-memory", ".yaml");
        try {
            Files.writeString(plan, setting.plan(options.threads()));
            RuntimeCommand command =
                    new ModelRuntime(
                                    TanrenHome.of(terminal.environment()),
                                    Installation.of(terminal.environment()))
                            .trainer(
                                    MAIN,
                                    options.threads(),
                                    List.of("--plan", plan.toString(), "--steps", "" + steps));
            return new Row(
                    setting,
                    predicted(setting),
                    new BenchProcess(terminal)
                            .measure(setting.toString(), command.processBuilder()));
        } finally {
            Files.delete(plan);
        }
    }

    private MemoryEstimate predicted(BenchMemorySetting setting) {
        Explanation explanation =
                Planner.explain(
                        PlanReader.read(setting.plan(options.threads())).planOrThrow(), null);
        Explanation.Training training =
                Objects.requireNonNull(explanation.stages().getFirst().training());
        return Objects.requireNonNull(training.compute()).memoryPerRank();
    }

    private void line(String text) {
        if (output.form() == OutputOptions.Form.TABLE) {
            terminal.out().println(text);
            terminal.out().flush();
        }
    }
}
