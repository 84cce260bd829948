package dev.tanren.cli;

import dev.tanren.deploy.model.LocalModel;
import dev.tanren.plan.Plan;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.planner.Device;
import dev.tanren.plan.planner.Explanation;
import dev.tanren.plan.planner.Machine;
import dev.tanren.plan.planner.Planner;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.plan.validation.PlanReading;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description =
                "Says what a plan would do: stages, steps, tokens, parameters, memory, and what to "
                        + "change where it does not fit.")
final class ExplainCommand implements Callable<Integer> {

    private final Terminal terminal;

    @Parameters(paramLabel = "FILE", description = "The plan, in YAML or JSON.")
    private Path file;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description =
                    "What a rank runs on, to say whether the plan fits and what to change: "
                            + "h100-sxm, h100-pcie, h200, a100-40, a100-80, a size of memory such "
                            + "as 16GB, or cpu for this machine.")
    private @Nullable String device;

    @Mixin private OutputOptions output;

    ExplainCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        PlanFile planFile = PlanFile.read(terminal.resolve(file));
        LocalModel model = new LocalModel(planFile.file());
        PlanReading reading = PlanReader.readAhead(planFile.text(), model);
        Plan plan = planFile.plan(reading);
        Device on = device == null ? null : Device.parse(device, Machine.here());
        Explanation explanation =
                Planner.explain(plan, model.base(), on)
                        .withUses(new LocalData(planFile.file()).uses(plan));
        warn(planFile, reading);
        if (output.form() == OutputOptions.Form.TABLE) {
            new ExplainView(terminal.out()).show(explanation, on);
        } else {
            output.data(terminal, Json.mapper().valueToTree(explanation));
        }
        return Exit.OK;
    }

    /// What the plan asks for and cannot have yet does not keep it from being explained.
    private void warn(PlanFile planFile, PlanReading reading) {
        if (reading instanceof PlanReading.Valid valid) {
            valid.warnings()
                    .forEach(it -> terminal.say(planFile.file() + ": advice: " + it.message()));
        }
    }
}
