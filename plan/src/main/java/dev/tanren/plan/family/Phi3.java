package dev.tanren.plan.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.family.ConfigurationKeys.Neutral;
import dev.tanren.plan.family.ModelParameter.Part;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Phi-3 (Abdin et al. 2024): Llama with a window, whose queries, keys and values are stored as one
/// tensor, and so are gates and ups. Its long forms (`longrope`) are refused.
final class Phi3 extends RotaryFamily {

    static final Phi3 INSTANCE = new Phi3();

    private Phi3() {
        super(Family.PHI3, "Phi3", 4096);
    }

    @Override
    public boolean storesStacks() {
        return true;
    }

    @Override
    List<ModelParameter> heads(Architecture architecture, String at) {
        long queries = queries(architecture);
        long keys = keys(architecture);
        return List.of(
                ModelParameter.matrix(
                                Part.ATTENTION,
                                at + "qkv_proj.weight",
                                queries + 2 * keys,
                                architecture.hiddenSize())
                        .split(0, queries, keys, keys));
    }

    @Override
    List<ModelParameter> gateAndUp(Architecture architecture, String at) {
        long inner = architecture.intermediateSize();
        return List.of(
                ModelParameter.matrix(
                                Part.FEED_FORWARD,
                                at + "gate_up_proj.weight",
                                2 * inner,
                                architecture.hiddenSize())
                        .split(0, inner, inner));
    }

    @Override
    List<Neutral> neutral() {
        return List.of(UNBIASED, UNNORMED, new Neutral("use_sliding_window", "true"));
    }

    /// transformers computes with none but usual frequencies and `longrope`.
    @Override
    public boolean scalesFrequencies() {
        return false;
    }

    @Override
    boolean mayLeaveOutKeyValueHeads() {
        return true;
    }

    @Override
    double usualEpsilon() {
        return 1e-5;
    }

    @Override
    public boolean takesWindow() {
        return true;
    }

    @Override
    @Nullable Integer slidingWindow(ConfigurationKeys keys, int layers) {
        return SlidingWindows.everywhere(keys, null);
    }

    @Override
    void writeOwn(Architecture architecture, ObjectNode root) {
        root.put("sliding_window", architecture.slidingWindow());
        root.put("original_max_position_embeddings", architecture.maximumPositions());
        root.put("embd_pdrop", 0.0);
        root.put("resid_pdrop", 0.0);
        // Without it transformers takes 32000, which a small vocabulary has not.
        root.putNull("pad_token_id");
    }
}
