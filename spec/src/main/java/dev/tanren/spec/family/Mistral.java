package dev.tanren.spec.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.spec.family.ConfigurationKeys.Neutral;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Architecture.Family;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Llama with a sliding window (Jiang et al. 2023).
final class Mistral extends RotaryFamily {

    static final Mistral INSTANCE = new Mistral();

    private Mistral() {
        super(Family.MISTRAL, "Mistral", 131_072);
    }

    @Override
    List<Neutral> neutral() {
        return List.of(UNBIASED, UNNORMED, new Neutral("use_sliding_window", "true"));
    }

    @Override
    @Nullable Integer slidingWindow(ConfigurationKeys keys, int layers) {
        return SlidingWindows.everywhere(keys, 4096);
    }

    @Override
    public boolean takesWindow() {
        return true;
    }

    @Override
    void writeOwn(Architecture architecture, ObjectNode root) {
        root.put("sliding_window", architecture.slidingWindow());
    }
}
