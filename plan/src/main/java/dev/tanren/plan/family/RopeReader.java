package dev.tanren.plan.family;

import dev.tanren.plan.RopeScaling;
import org.jspecify.annotations.Nullable;

/// Reads rotary embeddings in the forms of transformers 4 (`rope_theta` and `rope_scaling` at the
/// top) and 5 (`rope_parameters`).
final class RopeReader {

    private final ConfigurationKeys keys;
    private final ConfigurationKeys rope;
    private final int maximumPositions;

    RopeReader(ConfigurationKeys keys, int maximumPositions) {
        this.keys = keys;
        this.maximumPositions = maximumPositions;
        rope = keys.section(keys.absent("rope_parameters") ? "rope_scaling" : "rope_parameters");
        if (!keys.absent("rope_parameters") && !keys.absent("rope_scaling")) {
            RopeScaling other = scaling(keys.section("rope_scaling"));
            if (!java.util.Objects.equals(other, scaling())) {
                throw keys.malformed(
                        "rope_scaling",
                        keys.root().path("rope_scaling").toString(),
                        "what rope_parameters says, " + rope.root());
            }
        }
    }

    double theta() {
        return rope.number("rope_theta", keys.number("rope_theta", 10_000));
    }

    /// Null where frequencies are not scaled.
    @Nullable RopeScaling scaling() {
        return scaling(rope);
    }

    private @Nullable RopeScaling scaling(ConfigurationKeys section) {
        double partial = section.number("partial_rotary_factor", 1);
        if (partial != 1) {
            throw section.unsupported("partial_rotary_factor", "" + partial, "1");
        }
        String key = section.absent("rope_type") ? "type" : "rope_type";
        String type = section.text(key, "default");
        return switch (type) {
            case "default", "null" -> null;
            case "linear" -> new RopeScaling.Linear(section.number("factor"));
            case "llama3" -> llama3(section);
            default ->
                    throw section.unsupported(
                            "rope_type", "\"" + type + "\"", "default, linear or llama3");
        };
    }

    private RopeScaling llama3(ConfigurationKeys section) {
        String original = "original_max_position_embeddings";
        double low = section.number("low_freq_factor");
        double high = section.number("high_freq_factor");
        if (!(high > low)) {
            throw section.malformed("high_freq_factor", "" + high, "above low_freq_factor " + low);
        }
        return new RopeScaling.Llama3(
                section.number("factor"),
                low,
                high,
                keys.absent(original)
                        ? section.shape(original, maximumPositions)
                        : keys.shape(original));
    }
}
