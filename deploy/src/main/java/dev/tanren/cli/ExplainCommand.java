package dev.tanren.cli;

import dev.tanren.spec.json.Json;
import dev.tanren.spec.model.HuggingFaceConfiguration;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.ModelSource;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.planner.Explanation;
import dev.tanren.spec.planner.Planner;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description = "Says what a plan would do: stages, steps, tokens, parameters, memory.")
final class ExplainCommand implements Callable<Integer> {

    private static final String LOCAL = "file:";

    private final Terminal terminal;

    @Parameters(paramLabel = "FILE", description = "The plan, in YAML or JSON.")
    private Path file;

    @Mixin private OutputOptions output;

    ExplainCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        PlanFile planFile = PlanFile.read(terminal.resolve(file));
        Plan plan = planFile.plan();
        Explanation explanation = Planner.explain(plan, base(planFile, plan));
        if (output.form() == OutputOptions.Form.TABLE) {
            show(explanation, terminal.out());
        } else {
            output.data(terminal, Json.mapper().valueToTree(explanation));
        }
        return Exit.OK;
    }

    /// Shape of a base model that lies in a folder of this machine; null for any other.
    private static @Nullable Architecture base(PlanFile planFile, Plan plan) {
        return switch (plan.model()) {
            case ModelSource.Fresh fresh -> null;
            case ModelSource.Base base when base.uri().startsWith(LOCAL) -> {
                String path = base.uri().substring(LOCAL.length());
                Path folder = planFile.file().resolveSibling(path);
                yield architecture(folder.resolve("config.json"));
            }
            case ModelSource.Base elsewhere -> null;
        };
    }

    private static @Nullable Architecture architecture(Path configuration) {
        if (!Files.isRegularFile(configuration)) {
            return null;
        }
        try {
            String json = Files.readString(configuration);
            return HuggingFaceConfiguration.read(json, configuration.toString()).architecture();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void show(Explanation explanation, PrintStream out) {
        out.println("plan        " + explanation.plan());
        Explanation.Model model = explanation.model();
        out.println(
                model == null
                        ? "model       its shape is known when the base has been read"
                        : "parameters  " + number(model.total()));
        for (Explanation.Stage stage : explanation.stages()) {
            out.println();
            out.println("stage " + stage.id() + " (" + stage.type() + ")");
            Explanation.Training training = stage.training();
            if (training != null) {
                show(training, out);
            }
        }
        out.flush();
    }

    private static void show(Explanation.Training training, PrintStream out) {
        out.printf(
                Locale.ROOT,
                "  %s steps, %s tokens, %d ranks with %d threads each%n",
                number(training.steps()),
                number(training.tokens()),
                training.ranks(),
                training.threadsPerRank());
        out.printf(
                Locale.ROOT,
                "  %s checkpoints, %s evaluations of each dataset%n",
                number(training.checkpoints()),
                number(training.evaluations()));
        for (Explanation.Phase phase : training.phases()) {
            out.printf(
                    Locale.ROOT,
                    "  phase %s: steps %d to %d, %d sequences of %d tokens a step%n",
                    phase.id(),
                    phase.firstStep(),
                    phase.lastStep(),
                    phase.sequencesPerStep(),
                    phase.sequenceLength());
        }
        Explanation.Compute compute = training.compute();
        if (compute != null) {
            out.printf(
                    Locale.ROOT,
                    "  %.3g FLOPs, memory of a rank %s%n",
                    compute.flops(),
                    Figures.bytes(compute.memoryPerRankBytes()));
        }
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }
}
