package dev.tanren.plan.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.family.ConfigurationKeys.Neutral;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Qwen3 (Yang et al. 2025): queries and keys are normalised before they are turned, every head by
/// the same gains.
final class Qwen3 extends RotaryFamily {

    static final Qwen3 INSTANCE = new Qwen3();

    private Qwen3() {
        super(Family.QWEN3, "Qwen3", 32_768);
    }

    @Override
    List<ModelParameter> ofHeads(Architecture architecture, String at) {
        long headSize = architecture.effectiveHeadSize();
        return List.of(
                ModelParameter.gain(at + "q_norm.weight", headSize),
                ModelParameter.gain(at + "k_norm.weight", headSize));
    }

    @Override
    String headsFormula() {
        return " + 2·headSize";
    }

    @Override
    public boolean normsHeads() {
        return true;
    }

    @Override
    List<Neutral> neutral() {
        return List.of(UNBIASED);
    }

    @Override
    @Nullable Integer usualHeadSize() {
        return 128;
    }

    @Override
    @Nullable Integer slidingWindow(ConfigurationKeys keys, int layers) {
        return SlidingWindows.ofQwen(keys, layers);
    }

    @Override
    void writeOwn(Architecture architecture, ObjectNode root) {
        SlidingWindows.writeOfQwen(architecture, root);
    }
}
