package dev.tanren.spec.validation;

import dev.tanren.spec.planner.Timetable;
import dev.tanren.spec.units.Fraction;
import dev.tanren.spec.validation.TrainingKeys.PhaseKeys;
import dev.tanren.spec.validation.internal.Located;
import dev.tanren.spec.validation.internal.Problems;
import dev.tanren.spec.validation.internal.Section;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
        Optional<Long> batch = stage.find(TrainingKeys.GLOBAL_BATCH_TOKENS);
        for (Located<Section> phase : stage.find(TrainingKeys.PHASES).orElse(List.of())) {
            Optional<Long> length = phase.value().find(PhaseKeys.SEQUENCE_LENGTH);
            Optional<Long> tokens = phase.value().find(PhaseKeys.TOKENS);
            Optional<Map<String, Located<Double>>> mix = phase.value().find(PhaseKeys.MIX);
            if (batch.isPresent() && length.isPresent() && tokens.isPresent() && mix.isPresent()) {
                long steps = Math.ceilDiv(tokens.get(), batch.get());
                check(mix.get(), steps * (batch.get() / length.get()));
            }
        }
    }

    private void check(Map<String, Located<Double>> mix, long samples) {
        Map<String, Double> shares = new LinkedHashMap<>();
        mix.forEach((name, share) -> shares.put(name, share.value()));
        if (shares.values().stream().noneMatch(share -> share > 0)) {
            return;
        }
        Timetable.samplesOf(shares, samples)
                .forEach(
                        (name, taken) -> {
                            Located<Double> share = mix.get(name);
                            if (share != null && share.value() > 0 && taken == 0) {
                                advise(share, samples);
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
