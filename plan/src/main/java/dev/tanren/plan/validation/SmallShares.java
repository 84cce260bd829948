package dev.tanren.plan.validation;

import dev.tanren.plan.timetable.Timetable;
import dev.tanren.plan.units.Fraction;
import dev.tanren.plan.validation.TrainingKeys.PhaseKeys;
import dev.tanren.plan.validation.internal.Located;
import dev.tanren.plan.validation.internal.Problems;
import dev.tanren.plan.validation.internal.Section;
import java.util.List;
import java.util.Map;

/// Says which member of a mix is not trained on at all, because its share of the phase is less than
/// a sequence.
final class SmallShares {

    private final Section stage;
    private final Problems problems;

    SmallShares(Section stage, Problems problems) {
        this.stage = stage;
        this.problems = problems;
    }

    void check() {
        PlannedPhases.of(stage)
                .ifPresent(
                        timetable -> {
                            List<Located<Section>> phases = stage.get(TrainingKeys.PHASES);
                            for (int i = 0; i < phases.size(); i++) {
                                check(phases.get(i).value(), timetable.entries().get(i));
                            }
                        });
    }

    private void check(Section phase, Timetable.Entry entry) {
        if (entry.phase().mix().values().stream().noneMatch(share -> share > 0)) {
            return;
        }
        Map<String, Long> samples = entry.samplesOfMembers();
        phase.find(PhaseKeys.MIX)
                .orElse(Map.of())
                .forEach(
                        (name, share) -> {
                            if (share.value() > 0 && samples.getOrDefault(name, 0L) == 0) {
                                advise(share, entry.samples());
                            }
                        });
    }

    private void advise(Located<Double> share, long samples) {
        problems.advise(
                share.place(),
                "a share of "
                        + new Fraction(share.value())
                        + ", of which the "
                        + samples
                        + " sequences of the phase leave none",
                "a share of at least one sequence, 1/" + samples,
                "Raise the share or the phase's tokens; or write 0% if nothing of it is wanted.");
    }
}
