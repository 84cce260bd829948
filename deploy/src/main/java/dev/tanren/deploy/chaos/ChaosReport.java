package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// How one experiment ended.
///
/// @param findings null for one that could not be made here
public record ChaosReport(
        Experiment experiment, long seed, double seconds, @Nullable Findings findings) {

    public static ChaosReport notMade(Experiment experiment) {
        return new ChaosReport(experiment, 0, 0, null);
    }

    /// Makes the experiment. One that breaks off has not held.
    public static ChaosReport of(
            Experiment experiment, Laboratory laboratory, long seed, Consumer<String> say)
            throws InterruptedException {
        Findings findings = new Findings(say);
        long start = System.nanoTime();
        try {
            experiment.procedure().run(laboratory, findings);
        } catch (NotPossibleHere e) {
            throw e;
        } catch (RuntimeException e) {
            findings.check("the experiment goes to its end", false, e.toString());
        }
        return new ChaosReport(experiment, seed, (System.nanoTime() - start) / 1e9, findings);
    }

    /// Whether nothing was found that must not be; so too where nothing could be looked at.
    public boolean holds() {
        return findings == null || findings.hold();
    }

    List<Findings.Check> checks() {
        return findings == null ? List.of() : findings.checks();
    }

    public JsonNode json() {
        Findings made = findings == null ? new Findings(line -> {}) : findings;
        return made.json(experiment, seed, seconds);
    }

    /// One line for each, every check that did not hold, and how right people were told.
    public static String table(List<ChaosReport> reports) {
        List<String> lines = new ArrayList<>();
        lines.add("");
        for (ChaosReport report : reports) {
            Findings findings = report.findings();
            if (findings == null) {
                lines.add(
                        "%2d  not made       %s"
                                .formatted(
                                        report.experiment().number(), report.experiment().fault()));
                continue;
            }
            lines.add(
                    String.format(
                            Locale.ROOT,
                            "%2d  %s %4.0f s  %s, %d checks, --seed %d",
                            report.experiment().number(),
                            report.holds() ? "holds " : "FAILED",
                            report.seconds(),
                            report.experiment().fault(),
                            findings.checks().size(),
                            report.seed()));
            findings.checks().stream()
                    .filter(check -> !check.holds())
                    .forEach(check -> lines.add("      " + check.what() + ": " + check.seen()));
        }
        lines.add(ToldRight.of(reports).inWords());
        return String.join("\n", lines);
    }
}
