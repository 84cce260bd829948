package dev.tanren.spec.model;

import dev.tanren.spec.plan.Architecture;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// The names and shapes of the tensors that a Hugging Face checkpoint of an architecture has, so
/// that files can be checked where no decoder is at hand.
///
/// A head that is tied to the embedding is not among them. The trainer lays its parameters out in
/// an order of its own; a test of it holds both to the same names and shapes.
public final class ModelTensors {

    private final SequencedMap<String, List<Long>> shapes = new LinkedHashMap<>();
    private final Architecture architecture;
    private final long hidden;
    private final long intermediate;

    private ModelTensors(Architecture architecture) {
        this.architecture = architecture;
        this.hidden = architecture.hiddenSize();
        this.intermediate = architecture.intermediateSize();
    }

    /// Shapes by name, the embedding first.
    public static SequencedMap<String, List<Long>> of(Architecture architecture) {
        ModelTensors tensors = new ModelTensors(architecture);
        if (architecture.family().rotary()) {
            tensors.rotary();
        } else {
            tensors.gpt2();
        }
        return Collections.unmodifiableSequencedMap(tensors.shapes);
    }

    private void rotary() {
        add("model.embed_tokens.weight", architecture.vocabSize(), hidden);
        for (int layer = 0; layer < architecture.layers(); layer++) {
            String at = "model.layers." + layer + ".";
            add(at + "input_layernorm.weight", hidden);
            rotaryAttention(at + "self_attn.");
            add(at + "post_attention_layernorm.weight", hidden);
            add(at + "mlp.gate_proj.weight", intermediate, hidden);
            add(at + "mlp.up_proj.weight", intermediate, hidden);
            add(at + "mlp.down_proj.weight", hidden, intermediate);
        }
        add("model.norm.weight", hidden);
        head();
    }

    private void rotaryAttention(String at) {
        long headSize = architecture.effectiveHeadSize();
        long queries = architecture.heads() * headSize;
        long keys = architecture.keyValueHeads() * headSize;
        add(at + "q_proj.weight", queries, hidden);
        add(at + "k_proj.weight", keys, hidden);
        add(at + "v_proj.weight", keys, hidden);
        add(at + "o_proj.weight", hidden, queries);
        switch (architecture.family()) {
            case QWEN2 -> {
                add(at + "q_proj.bias", queries);
                add(at + "k_proj.bias", keys);
                add(at + "v_proj.bias", keys);
            }
            case QWEN3 -> {
                add(at + "q_norm.weight", headSize);
                add(at + "k_norm.weight", headSize);
            }
            case LLAMA, MISTRAL, GPT2 -> {}
        }
    }

    private void gpt2() {
        add("transformer.wte.weight", architecture.vocabSize(), hidden);
        add("transformer.wpe.weight", architecture.maximumPositions(), hidden);
        for (int layer = 0; layer < architecture.layers(); layer++) {
            String at = "transformer.h." + layer + ".";
            norm(at + "ln_1");
            conv1d(at + "attn.c_attn", hidden, 3 * hidden);
            conv1d(at + "attn.c_proj", hidden, hidden);
            norm(at + "ln_2");
            conv1d(at + "mlp.c_fc", hidden, intermediate);
            conv1d(at + "mlp.c_proj", intermediate, hidden);
        }
        norm("transformer.ln_f");
        head();
    }

    private void norm(String name) {
        add(name + ".weight", hidden);
        add(name + ".bias", hidden);
    }

    /// Inputs by outputs, as GPT-2 stores its projections.
    private void conv1d(String name, long inputs, long outputs) {
        add(name + ".weight", inputs, outputs);
        add(name + ".bias", outputs);
    }

    private void head() {
        if (!architecture.tieWordEmbeddings()) {
            add("lm_head.weight", architecture.vocabSize(), hidden);
        }
    }

    private void add(String name, long... shape) {
        shapes.put(name, Arrays.stream(shape).boxed().toList());
    }
}
