package dev.tanren.cli;

import dev.tanren.spec.planner.Device;
import dev.tanren.spec.planner.Explanation;
import dev.tanren.spec.planner.Fit;
import dev.tanren.spec.planner.MemoryEstimate;
import dev.tanren.spec.planner.Proposal;
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
        line("plan        %s", explanation.plan());
        line(
                "model       %s",
                model == null
                        ? "its shape is not known until a run has read the base"
                        : number(model.total()) + " parameters");
        if (device != null) {
            line(
                    "device      %s",
                    device.name()
                            + (device.shared() ? ": all ranks share " : ": a rank has ")
                            + bytes(device.memoryBytes()));
        }
        for (Explanation.Stage stage : explanation.stages()) {
            line("");
            line("stage %s (%s)", stage.id(), stage.type());
            Explanation.Training training = stage.training();
            if (training != null) {
                training(training);
            }
        }
        out.flush();
    }

    private void training(Explanation.Training training) {
        line(
                "  %s steps, %s tokens, %s with %s each",
                number(training.steps()),
                number(training.tokens()),
                counted(training.ranks(), "rank"),
                counted(training.threadsPerRank(), "thread"));
        line(
                "  %s, %s of each dataset",
                counted(training.checkpoints(), "checkpoint"),
                counted(training.evaluations(), "evaluation"));
        for (Explanation.Phase phase : training.phases()) {
            line(
                    "  phase %s: steps %d to %d, %d sequences of %d tokens a step",
                    phase.id(),
                    phase.firstStep(),
                    phase.lastStep(),
                    phase.sequencesPerStep(),
                    phase.sequenceLength());
        }
        Explanation.Compute compute = training.compute();
        if (compute != null) {
            compute(compute);
        }
    }

    private void compute(Explanation.Compute compute) {
        line("  %.3g FLOPs", compute.flops());
        Explanation.Expected expected = compute.expected();
        if (expected != null) {
            line(
                    "  at %.0f %% of %.0f TFLOP/s: %s tokens/s a rank, %s",
                    100 * expected.utilisation(),
                    expected.peakFlops() / 1e12,
                    number(Math.round(expected.tokensPerSecondPerRank())),
                    Figures.duration(expected.seconds()));
        }
        Explanation.Communication sent = compute.communicationPerStep();
        if (sent != null) {
            line("  a rank sends %s a step: %s", bytes(sent.bytesPerRank()), sent.collective());
        }
        memory(compute.memoryPerRank());
        Fit fit = compute.fit();
        if (fit != null) {
            verdict(fit);
        }
    }

    private void memory(MemoryEstimate memory) {
        line("");
        line("  memory of a rank");
        List<MemoryEstimate.Item> own =
                memory.items().stream().filter(item -> !item.host()).toList();
        own.forEach(item -> item(item, memory.totalBytes()));
        row("total", memory.totalBytes(), "", "");
        if (memory.hostBytes() > 0) {
            line("  of the host's memory");
            memory.items().stream()
                    .filter(MemoryEstimate.Item::host)
                    .forEach(item -> item(item, memory.hostBytes()));
        }
    }

    private void item(MemoryEstimate.Item item, long total) {
        double share = (double) item.bytes() / Math.max(1, total);
        String percent = String.format(Locale.ROOT, "%3.0f %%", 100 * share);
        row(item.name(), item.bytes(), Bar.of(share, BAR) + percent, item.formula());
    }

    private void row(String name, long bytes, String share, String formula) {
        line(
                "    %-19s %9s  %s",
                name,
                bytes(bytes),
                (share + (formula.isEmpty() ? "" : "  " + formula)).stripTrailing());
    }

    private void verdict(Fit fit) {
        double times = (double) fit.neededBytes() / fit.device().memoryBytes();
        line("");
        line(
                "  %s: %s of %s%s, %s",
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
        line("");
        line("  what to change, cheapest first     ranks      needs   time");
        line(
                "    %-32s %5s  %9s   1.00×  on already: saves %s",
                "chunked loss", "", "", bytes(fit.unchunkedLogitsBytes()));
        for (Proposal rung : fit.ladder()) {
            Proposal.Change change = rung.changes().getLast();
            line(
                    "    %-32s %5d  %9s  %5.2f×  %s%s",
                    change,
                    rung.ranks(),
                    bytes(rung.neededBytes()),
                    rung.slowdown(),
                    rung.fits() ? "fits: " : "",
                    change.effect());
        }
        line("    Each but the last three kinds of parallelism adds to those above it. Time is of");
        line("    devices for the same tokens: %s.", fit.assumptions());
    }

    private void fitting(Fit fit) {
        line("");
        if (fit.fitting().isEmpty()) {
            line("  Nothing makes it fit: make the model, the sequences or the batch smaller.");
            return;
        }
        line("  settings that fit                  ranks      needs   time");
        for (Proposal settings : fit.fitting()) {
            line(
                    "    %-32s %5d  %9s  %5.2f×%s",
                    settings.ranks() == fit.fitting().getFirst().ranks()
                            ? "fewest ranks"
                            : "faster",
                    settings.ranks(),
                    bytes(settings.neededBytes()),
                    settings.slowdown(),
                    settings.runsNow()
                            ? "  runs today"
                            : "  not yet: " + String.join(", ", settings.notYet()));
            line(
                    "      %s",
                    settings.changes().stream()
                            .map(Proposal.Change::toString)
                            .collect(Collectors.joining(", ")));
        }
    }

    private void line(String format, Object... values) {
        out.println(String.format(Locale.ROOT, format, values).stripTrailing());
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
