package dev.tanren.plan.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.family.ConfigurationKeys.Neutral;
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
