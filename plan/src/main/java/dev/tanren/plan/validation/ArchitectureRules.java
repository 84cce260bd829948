package dev.tanren.plan.validation;

import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.plan.validation.ArchitectureKeys.RopeScalingKeys;
import dev.tanren.plan.validation.internal.Key;
import dev.tanren.plan.validation.internal.Problems;
import dev.tanren.plan.validation.internal.Section;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// What must hold between the numbers of an architecture, and which of them a family has.
final class ArchitectureRules {

    private static final List<Key<?>> ROTARY =
            List.of(
                    ArchitectureKeys.ROPE_THETA,
                    ArchitectureKeys.ROPE_SCALING,
                    ArchitectureKeys.HEAD_SIZE);

    private final Section shape;
    private final Problems problems;
    private final Optional<Family> family;
    private final Optional<Long> heads;

    ArchitectureRules(Section shape, Problems problems) {
        this.shape = shape;
        this.problems = problems;
        family = shape.find(ArchitectureKeys.FAMILY);
        heads = shape.find(ArchitectureKeys.HEADS);
    }

    void check() {
        family.ifPresent(this::checkFamily);
        checkHeads();
        checkKeyValueHeads();
        shape.find(ArchitectureKeys.ROPE_SCALING).ifPresent(this::checkScaling);
    }

    private void checkFamily(Family named) {
        DecoderFamily decoder = DecoderFamily.of(named);
        if (!decoder.rotary()) {
            for (Key<?> key : ROTARY) {
                refuse(key, named, "a family with rotary positions");
            }
        }
        if (decoder.rotary() && !decoder.scalesFrequencies()) {
            refuse(ArchitectureKeys.ROPE_SCALING, named, "a family whose frequencies are scaled");
        }
        if (!decoder.takesWindow()) {
            refuse(ArchitectureKeys.SLIDING_WINDOW, named, windowed());
        }
    }

    private static String windowed() {
        return DecoderFamily.all().stream()
                .filter(DecoderFamily::takesWindow)
                .map(DecoderFamily::modelType)
                .collect(Collectors.joining(", "));
    }

    private void refuse(Key<?> key, Family named, String having) {
        if (shape.gives(key)) {
            String word = DecoderFamily.of(named).modelType();
            Rules.inconsistent(
                    problems,
                    shape.placeOf(key),
                    key + " in " + word,
                    having,
                    "Take " + key + " out, or choose another family.");
        }
    }

    private Optional<DecoderFamily> decoder() {
        return family.map(DecoderFamily::of);
    }

    private void checkHeads() {
        Optional<Long> hidden = shape.find(ArchitectureKeys.HIDDEN_SIZE);
        Optional<Long> size = shape.find(ArchitectureKeys.HEAD_SIZE);
        boolean own = shape.gives(ArchitectureKeys.HEAD_SIZE);
        if (!own && hidden.isPresent() && heads.isPresent()) {
            divides(ArchitectureKeys.HEADS, heads.get(), "hiddenSize", hidden.get());
            if (hidden.get() % heads.get() == 0) {
                size = Optional.of(hidden.get() / heads.get());
            }
        }
        if (own && family.isPresent() && hidden.isPresent() && heads.isPresent()) {
            ModelAdvice.heads(family.get(), hidden.get(), heads.get())
                    .ifPresent(
                            advice ->
                                    problems.advise(
                                            shape.placeOf(ArchitectureKeys.HEADS),
                                            advice.found(),
                                            advice.expected(),
                                            advice.mend()));
        }
        if (size.isPresent()
                && size.get() % 2 != 0
                && decoder().map(DecoderFamily::rotary).orElse(false)) {
            Rules.inconsistent(
                    problems,
                    shape.placeOf(own ? ArchitectureKeys.HEAD_SIZE : ArchitectureKeys.HEADS),
                    "heads of size " + size.get(),
                    "an even size: rotary embeddings turn pairs",
                    "Change " + (own ? "headSize." : "heads or hiddenSize."));
        }
    }

    private void checkKeyValueHeads() {
        Optional<Long> few = shape.find(ArchitectureKeys.KEY_VALUE_HEADS);
        if (few.isEmpty() || heads.isEmpty()) {
            return;
        }
        boolean groups = decoder().map(DecoderFamily::groupsQueries).orElse(true);
        if (!groups && !few.equals(heads)) {
            Rules.inconsistent(
                    problems,
                    shape.placeOf(ArchitectureKeys.KEY_VALUE_HEADS),
                    few.get() + " in " + decoder().map(DecoderFamily::modelType).orElse(""),
                    "as many as heads, " + heads.get(),
                    "Take keyValueHeads out, or choose another family.");
        } else {
            divides(ArchitectureKeys.KEY_VALUE_HEADS, few.get(), "heads", heads.get());
        }
    }

    private void checkScaling(Section scaling) {
        Optional<Double> low = scaling.find(RopeScalingKeys.LOW_FREQ_FACTOR);
        Optional<Double> high = scaling.find(RopeScalingKeys.HIGH_FREQ_FACTOR);
        if (low.isPresent() && high.isPresent() && high.get() <= low.get()) {
            Rules.inconsistent(
                    problems,
                    scaling.placeOf(RopeScalingKeys.HIGH_FREQ_FACTOR),
                    "highFreqFactor " + high.get(),
                    "above lowFreqFactor, " + low.get(),
                    "Raise highFreqFactor or lower lowFreqFactor.");
        }
    }

    private void divides(Key<Long> key, long part, String name, long whole) {
        if (whole % part == 0) {
            return;
        }
        long below = part;
        while (whole % below != 0) {
            below--;
        }
        long above = Math.min(part, whole);
        while (whole % above != 0) {
            above++;
        }
        Rules.inconsistent(
                problems,
                shape.placeOf(key),
                part + ", which does not divide " + name + " " + whole,
                "a divisor of " + name,
                below == above ? "Use " + below + "." : "Use " + below + " or " + above + ".");
    }
}
