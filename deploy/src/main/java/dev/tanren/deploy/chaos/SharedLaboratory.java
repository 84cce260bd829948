package dev.tanren.deploy.chaos;

import dev.tanren.deploy.stack.Installation;
import dev.tanren.deploy.stack.StackStatus;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One stack for experiments in a row that need the same, and another where one did not hold or put
/// something else in the place of a part: what it left behind would be taken for the next one's
/// doing.
public final class SharedLaboratory implements AutoCloseable {

    private final Installation installation;
    private final Consumer<StackStatus> progress;
    private final Consumer<String> say;
    private @Nullable Laboratory open;
    private @Nullable Equipment equipment;

    /// @param progress is told of every change of a stack until it is ready
    /// @param say shows a line that stays
    public SharedLaboratory(
            Installation installation, Consumer<StackStatus> progress, Consumer<String> say) {
        this.installation = installation;
        this.progress = progress;
        this.say = say;
    }

    /// Makes an experiment, where it can be made.
    public ChaosReport make(Experiment experiment, long seed) throws InterruptedException {
        Laboratory laboratory = of(experiment.equipment());
        laboratory.begin(seed);
        try {
            ChaosReport report = ChaosReport.of(experiment, laboratory, seed, say);
            if (!report.holds() || laboratory.isAltered()) {
                close();
            }
            return report;
        } catch (NotPossibleHere e) {
            say.accept("  not made: " + e.getMessage());
            return ChaosReport.notMade(experiment);
        }
    }

    private Laboratory of(Equipment needed) {
        Laboratory found = open;
        if (found == null || !needed.equals(equipment)) {
            close();
            found = Laboratory.open(installation, needed, progress, say);
            open = found;
            equipment = needed;
        }
        return found;
    }

    @Override
    public void close() {
        if (open != null) {
            open.close();
            open = null;
        }
    }
}
