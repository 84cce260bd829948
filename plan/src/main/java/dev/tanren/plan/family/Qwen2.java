package dev.tanren.plan.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.family.ConfigurationKeys.Neutral;
import dev.tanren.plan.family.ModelParameter.Part;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Qwen2 and Qwen2.5 (Yang et al. 2024): queries, keys and values have biases, which lie beside
/// each other as their weights do.
final class Qwen2 extends RotaryFamily {

    static final Qwen2 INSTANCE = new Qwen2();

    private Qwen2() {
        super(Family.QWEN2, "Qwen2", 32_768);
    }

    @Override
    List<ModelParameter> ofHeads(Architecture architecture, String at) {
        return List.of(
                bias(at, "q", queries(architecture)),
                bias(at, "k", keys(architecture)),
                bias(at, "v", keys(architecture)));
    }

    private static ModelParameter bias(String at, String which, long size) {
        return ModelParameter.bias(Part.ATTENTION, at + which + "_proj.bias", size)
                .split(0)
                .stacked(at + "heads.bias");
    }

    @Override
    String headsFormula() {
        return " + heads·headSize + 2·kv·headSize";
    }

    @Override
    public boolean biasesHeads() {
        return true;
    }

    @Override
    List<Neutral> neutral() {
        return List.of(new Neutral("attention_bias", "true"), UNNORMED);
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
