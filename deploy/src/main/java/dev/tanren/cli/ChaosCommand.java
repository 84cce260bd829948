package dev.tanren.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.deploy.chaos.ChaosReport;
import dev.tanren.deploy.chaos.Experiment;
import dev.tanren.deploy.chaos.Experiments;
import dev.tanren.deploy.chaos.SharedLaboratory;
import dev.tanren.deploy.chaos.ToldRight;
import dev.tanren.deploy.stack.Installation;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "chaos",
        mixinStandardHelpOptions = true,
        description = "Injects the faults that runs survive, on a stack of its own.",
        footer = "Without an argument it lists them.")
final class ChaosCommand implements Callable<Integer> {

    private static final int MOST_KILLS = 1_000;

    private final Terminal terminal;

    @Parameters(
            arity = "0..*",
            paramLabel = "NUMBER",
            description = "Experiments from 1 to 25, or all.")
    private List<String> chosen = List.of();

    @Option(
            names = "--seed",
            description = "What is left to chance follows it; default: another each time.")
    private @Nullable Long seed;

    @Option(names = "--kills", description = "Kills of experiments 1 and 21; default: 5 and 100.")
    private @Nullable Integer kills;

    @Option(names = "--json", description = "Print one JSON object on the last line.")
    private boolean json;

    ChaosCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        if (kills != null && (kills < 1 || kills > MOST_KILLS)) {
            throw usage("--kills is " + kills + ".", "Give a number from 1 to " + MOST_KILLS + ".");
        }
        if (chosen.isEmpty()) {
            list();
            return Exit.OK;
        }
        List<Experiment> experiments = experiments();
        List<ChaosReport> reports = new ArrayList<>();
        try (SharedLaboratory laboratory =
                new SharedLaboratory(
                        Installation.of(terminal.environment()),
                        new StackProgress(terminal)::show,
                        terminal::say)) {
            for (Experiment experiment : experiments) {
                reports.add(make(experiment, laboratory));
            }
        }
        boolean hold = reports.stream().allMatch(ChaosReport::holds);
        if (json) {
            ObjectNode root = Json.mapper().createObjectNode();
            root.put("holds", hold);
            root.set("toldRight", ToldRight.of(reports).json());
            ArrayNode made = root.putArray("experiments");
            reports.forEach(report -> made.add(report.json()));
            terminal.out().println(root);
        } else {
            terminal.out().println(ChaosReport.table(reports));
        }
        terminal.out().flush();
        return hold ? Exit.OK : Exit.FAILED;
    }

    private ChaosReport make(Experiment experiment, SharedLaboratory laboratory)
            throws InterruptedException {
        long own = seed != null ? seed : System.nanoTime();
        terminal.say("%d  %s".formatted(experiment.number(), experiment.fault()));
        terminal.say("  passes when " + experiment.passesWhen());
        terminal.say(
                "  seed " + own + ", about %.0f min".formatted(Math.ceil(experiment.minutes())));
        return laboratory.make(experiment, own);
    }

    private List<Experiment> all() {
        return kills == null ? Experiments.all() : Experiments.all(kills, kills);
    }

    private List<Experiment> experiments() {
        if (chosen.equals(List.of("all"))) {
            return all();
        }
        List<Experiment> found = new ArrayList<>();
        for (String number : chosen) {
            found.add(
                    all().stream()
                            .filter(it -> Integer.toString(it.number()).equals(number))
                            .findFirst()
                            .orElseThrow(
                                    () ->
                                            usage(
                                                    "There is no experiment " + number + ".",
                                                    "./tanren chaos lists them.")));
        }
        return found;
    }

    private void list() {
        for (Experiment experiment : all()) {
            terminal.out()
                    .println(
                            "%2d  %s (about %.0f min)%n    passes when %s"
                                    .formatted(
                                            experiment.number(),
                                            experiment.fault(),
                                            Math.ceil(experiment.minutes()),
                                            experiment.passesWhen()));
        }
        terminal.out().flush();
    }

    private static TanrenException usage(String what, String mend) {
        return new TanrenException(ErrorCode.USAGE, what, "./tanren chaos", mend);
    }
}
