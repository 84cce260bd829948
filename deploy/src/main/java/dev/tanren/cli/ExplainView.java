package dev.tanren.cli;

import dev.tanren.plan.planner.DataUse;
import dev.tanren.plan.planner.Device;
import dev.tanren.plan.planner.Explanation;
import dev.tanren.plan.planner.Fit;
import dev.tanren.plan.planner.MemoryEstimate;
import dev.tanren.plan.planner.Proposal;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// An explanation of a plan for people. Sizes are in powers of 1000, as devices are sold.
final class ExplainView {

    private static final int BAR = 16;

    private final PrintStream out;

    ExplainView(PrintStream out) {
        this.out = out;
    }

    void show(Explanation explanation, @Nullable Device device) {
        Explanation.Model model = explanation.model();
        out.printf(Locale.ROOT, "plan        %s%n", explanation.plan());
        out.printf(
                Locale.ROOT,
                "model       %s%n",
                model == null
                        ? "its shape is not known until a run has read the base"
                        : number(model.total()) + " parameters");
        if (device != null) {
            out.printf(
                    Locale.ROOT,
                    "device      %s%n",
                    device.name()
                            + (device.shared() ? ": all ranks share " : ": a rank has ")
                            + bytes(device.memoryBytes())
                            + (device.prediction() == null
                                    ? ""
                                    : "; all figures are " + device.prediction()));
        }
        for (Explanation.Stage stage : explanation.stages()) {
            out.println();
            out.printf(Locale.ROOT, "stage %s (%s)%n", stage.id(), stage.type());
            Explanation.Training training = stage.training();
            if (training != null) {
                training(training);
            }
            explanation.uses().stream()
                    .filter(use -> use.stage().equals(stage.id()))
                    .forEach(this::use);
        }
        out.flush();
    }

    /// Of what is known at most, a small figure says nothing.
    private void use(DataUse use) {
        if (use.repeats() || !use.orMore()) {
            out.printf(
                    Locale.ROOT,
                    "  data: phase %s goes through %s %s%.1f times, for %s blocks%n",
                    use.phase(),
                    use.entry(),
                    use.orMore() ? "at least " : "",
                    use.times(),
                    number(use.blocks()));
        }
    }

    private void training(Explanation.Training training) {
        out.printf(
                Locale.ROOT,
                "  %s steps, %s tokens, %s with %s each%n",
                number(training.steps()),
                number(training.tokens()),
                counted(training.ranks(), "rank"),
                counted(training.threadsPerRank(), "thread"));
        out.printf(
                Locale.ROOT,
                "  %s, %s of each dataset%n",
                counted(training.checkpoints(), "checkpoint"),
                counted(training.evaluations(), "evaluation"));
        for (Explanation.Phase phase : training.phases()) {
            out.printf(
                    Locale.ROOT,
                    "  phase %s: steps %d to %d, %d sequences of %d tokens a step; of all: %s%n",
                    phase.id(),
                    phase.firstStep(),
                    phase.lastStep(),
                    phase.sequencesPerStep(),
                    phase.sequenceLength(),
                    phase.mix().entrySet().stream()
                            .map(member -> number(member.getValue()) + " of " + member.getKey())
                            .collect(Collectors.joining(", ")));
        }
        if (training.precision() != null) {
            out.printf(Locale.ROOT, "  %s%n", training.precision());
        }
        Explanation.Compute compute = training.compute();
        if (compute != null) {
            compute(compute);
        }
    }

    private void compute(Explanation.Compute compute) {
        out.printf(Locale.ROOT, "  %.3g FLOPs%n", compute.flops());
        Explanation.Expected expected = compute.expected();
        if (expected != null) {
            out.printf(
                    Locale.ROOT,
                    "  steps take %s, at %s tokens/s a rank: %s%n",
                    Figures.duration(expected.seconds()),
                    number(Math.round(expected.tokensPerSecondPerRank())),
                    expected.assumptions());
        }
        Explanation.Communication sent = compute.communicationPerStep();
        if (sent != null) {
            out.printf(
                    Locale.ROOT,
                    "  a rank sends %s a step: %s%n",
                    bytes(sent.bytesPerRank()),
                    sent.collective());
        }
        memory(compute.memoryPerRank());
        activationPolicies(compute.activationPolicies());
        Fit fit = compute.fit();
        if (fit != null) {
            verdict(fit);
        }
    }

    private void memory(MemoryEstimate memory) {
        out.println();
        out.println("  memory of a rank");
        List<MemoryEstimate.Item> own =
                memory.items().stream().filter(item -> !item.host()).toList();
        own.forEach(item -> item(item, memory.totalBytes()));
        row("total", memory.totalBytes(), "", "");
        if (memory.hostBytes() > 0) {
            out.println("  of the host's memory");
            memory.items().stream()
                    .filter(MemoryEstimate.Item::host)
                    .forEach(item -> item(item, memory.hostBytes()));
            row("total", memory.hostBytes(), "", "");
        }
    }

    private void activationPolicies(List<Explanation.ActivationPolicy> policies) {
        out.println();
        out.println("  activations          kept     of a rank   time");
        for (Explanation.ActivationPolicy policy : policies) {
            String line =
                    String.format(
                            Locale.ROOT,
                            "    %-15s %9s  %9s  %5.2f×  %s",
                            policy.policy(),
                            bytes(policy.activationBytes()),
                            bytes(policy.memoryPerRankBytes()),
                            policy.slowdown(),
                            policy.chosen() ? "as the plan has it" : "");
            out.println(line.stripTrailing());
        }
    }

    private void item(MemoryEstimate.Item item, long total) {
        double share = (double) item.bytes() / Math.max(1, total);
        String percent = String.format(Locale.ROOT, "%3.0f %%", 100 * share);
        row(item.name(), item.bytes(), Bar.of(share, BAR) + " " + percent, item.formula());
    }

    private void row(String name, long bytes, String share, String formula) {
        String text =
                String.format(
                        Locale.ROOT, "    %-19s %9s  %s  %s", name, bytes(bytes), share, formula);
        out.println(text.stripTrailing());
    }

    private void verdict(Fit fit) {
        double times = (double) fit.neededBytes() / fit.device().memoryBytes();
        out.println();
        out.printf(
                Locale.ROOT,
                "  %s: %s of %s%s, %s%n",
                fit.fits() ? "fits" : "does not fit",
                bytes(fit.neededBytes()),
                bytes(fit.device().memoryBytes()),
                fit.device().shared() ? " for all ranks" : "",
                times >= 2
                        ? String.format(Locale.ROOT, "%.1f times as much", times)
                        : String.format(Locale.ROOT, "%.0f %%", 100 * times));
        if (!fit.fits()) {
            ladder(fit);
            fitting(fit);
        }
    }

    private void ladder(Fit fit) {
        out.println();
        out.println("  what to change, cheapest first     ranks      needs   time");
        out.printf(
                Locale.ROOT,
                "    %-32s %5s  %9s   1.00×  on already: saves %s%n",
                "chunked loss",
                "",
                "",
                bytes(fit.unchunkedLogitsBytes()));
        for (Proposal rung : fit.ladder()) {
            Proposal.Change change = main(rung.changes());
            out.printf(
                    Locale.ROOT,
                    "    %-32s %5d  %9s  %5.2f×  %s%s%n",
                    change,
                    rung.ranks(),
                    bytes(rung.neededBytes()),
                    rung.slowdown(),
                    rung.fits() ? "fits: " : "",
                    rung.neededBytes() < fit.neededBytes()
                            ? change.effect()
                            : "saves nothing here");
        }
        out.println(
                "    Each adds to those above it, but that the kinds of parallelism stand for each other.");
        out.printf(
                Locale.ROOT,
                "    Time is of devices for the same tokens: %s.%n",
                fit.assumptions());
    }

    /// Sequence parallelism goes with tensor parallelism.
    private static Proposal.Change main(List<Proposal.Change> changes) {
        return changes.stream()
                .filter(change -> !change.key().endsWith(".sequence"))
                .reduce(changes.getLast(), (first, second) -> second);
    }

    private void fitting(Fit fit) {
        out.println();
        if (fit.fitting().isEmpty()) {
            out.println(
                    "  Nothing makes it fit: make the model, the sequences or the batch smaller.");
            return;
        }
        out.println("  settings that fit                  ranks      needs   time");
        for (Proposal settings : fit.fitting()) {
            out.printf(
                    Locale.ROOT,
                    "    %-32s %5d  %9s  %5.2f×%s%n",
                    settings.ranks() == fit.fitting().getFirst().ranks()
                            ? "fewest ranks"
                            : "faster",
                    settings.ranks(),
                    bytes(settings.neededBytes()),
                    settings.slowdown(),
                    settings.runsNow()
                            ? "  runs today"
                            : "  not yet: " + String.join(", ", settings.notYet()));
            out.printf(
                    Locale.ROOT,
                    "      %s%n",
                    settings.changes().stream()
                            .map(Proposal.Change::toString)
                            .collect(Collectors.joining(", ")));
        }
    }

    private static String counted(long count, String what) {
        return number(count) + " " + what + (count == 1 ? "" : "s");
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    static String bytes(long bytes) {
        double value = bytes;
        for (String unit : new String[] {"B", "kB", "MB", "GB"}) {
            if (value < 999.5) {
                return String.format(
                        Locale.ROOT,
                        value < 99.95 && !unit.equals("B") ? "%.1f %s" : "%.0f %s",
                        value,
                        unit);
            }
            value /= 1000;
        }
        return String.format(Locale.ROOT, "%.1f TB", value);
    }
}
