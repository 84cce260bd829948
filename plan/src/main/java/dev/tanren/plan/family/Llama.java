package dev.tanren.plan.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.family.ConfigurationKeys.Neutral;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Llama 2 to 3.3 and SmolLM2 (Touvron et al. 2023): what all rotary families begin from.
final class Llama extends RotaryFamily {

    static final Llama INSTANCE = new Llama();

    private Llama() {
        super(Family.LLAMA, "Llama", 2048);
    }

    @Override
    List<Neutral> neutral() {
        return List.of(
                UNBIASED,
                UNNORMED,
                new Neutral("sliding_window", "null"),
                new Neutral("use_sliding_window", "false"));
    }

    @Override
    @Nullable Integer slidingWindow(ConfigurationKeys keys, int layers) {
        return SlidingWindows.none(keys);
    }

    /// As its first models did.
    @Override
    boolean mayLeaveOutKeyValueHeads() {
        return true;
    }

    @Override
    void writeOwn(Architecture architecture, ObjectNode root) {
        root.put("mlp_bias", false);
        root.put("pretraining_tp", 1);
    }
}
