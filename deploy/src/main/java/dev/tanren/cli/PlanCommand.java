package dev.tanren.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.text.NotUtf8Exception;
import dev.tanren.plan.validation.PlanReading;
import dev.tanren.plan.validation.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "plan",
        mixinStandardHelpOptions = true,
        description = "Checks and explains plans; needs no stack.",
        subcommands = {PlanCommand.Validate.class, ExplainCommand.class})
final class PlanCommand {

    private PlanCommand() {}

    @Command(
            name = "validate",
            mixinStandardHelpOptions = true,
            description = "Names every mistake in a plan; exit code 2 when there is one.")
    static final class Validate implements Callable<Integer> {

        private final Terminal terminal;

        @Parameters(paramLabel = "FILE", description = "The plan, in YAML or JSON.")
        private Path file;

        @Mixin private OutputOptions output;

        Validate(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            PlanFile plan;
            try {
                plan = PlanFile.read(terminal.resolve(file));
            } catch (TanrenException e) {
                if (output.form() == OutputOptions.Form.TABLE
                        || !(e.getCause() instanceof NotUtf8Exception at)) {
                    throw e;
                }
                write(
                        false,
                        List.of(
                                new Problem(
                                        e.code(),
                                        Math.toIntExact(at.line()),
                                        Math.toIntExact(at.column()),
                                        "",
                                        at.what(),
                                        "UTF-8",
                                        null,
                                        at.mend())),
                        List.of());
                return Exit.USAGE;
            }
            return switch (plan.validate()) {
                case PlanReading.Valid valid -> {
                    List<Problem> advice = new ArrayList<>(valid.warnings());
                    advice.addAll(AbsentFiles.of(plan, valid.plan()).advice());
                    show(plan, true, List.of(), advice);
                    yield Exit.OK;
                }
                case PlanReading.Invalid invalid -> {
                    show(plan, false, invalid.problems(), List.of());
                    yield Exit.USAGE;
                }
            };
        }

        private void show(
                PlanFile plan, boolean valid, List<Problem> problems, List<Problem> warnings) {
            if (output.form() != OutputOptions.Form.TABLE) {
                write(valid, problems, warnings);
                return;
            }
            problems.forEach(it -> terminal.out().println(plan.file() + ": " + it.message()));
            warnings.forEach(it -> terminal.say(plan.file() + ": advice: " + it.message()));
            if (valid) {
                terminal.out().println("valid");
            }
            terminal.out().flush();
        }

        private void write(boolean valid, List<Problem> problems, List<Problem> warnings) {
            ObjectNode result = Json.mapper().createObjectNode();
            result.put("valid", valid);
            result.set("problems", Json.mapper().valueToTree(problems));
            result.set("warnings", Json.mapper().valueToTree(warnings));
            output.data(terminal, result);
        }
    }
}
