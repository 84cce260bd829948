package dev.tanren.spec.model;

import dev.tanren.spec.model.ConfigurationKeys.Neutral;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Architecture.Family;
import java.util.List;

/// Reads GPT-2's configuration.
///
/// Its dropouts (`resid_pdrop` and others, 0.1 in what is published) are left alone: they are how
/// somebody trained it once, not what the model computes. Tanren trains without dropout.
final class Gpt2Reader {

    private static final List<Neutral> NEUTRAL =
            List.of(
                    new Neutral("activation_function", "gelu_new"),
                    new Neutral("scale_attn_weights", "true"),
                    new Neutral("scale_attn_by_inverse_layer_idx", "false"),
                    new Neutral("add_cross_attention", "false"),
                    new Neutral("quantization_config", "null"),
                    new Neutral("is_encoder_decoder", "false"));

    private final ConfigurationKeys keys;

    Gpt2Reader(ConfigurationKeys keys) {
        this.keys = keys;
    }

    Architecture read() {
        keys.requireNeutral(NEUTRAL);
        int hidden = keys.shape("n_embd");
        int heads = keys.shape("n_head");
        return new Architecture(
                Family.GPT2,
                keys.shape("vocab_size"),
                hidden,
                keys.shape("n_layer"),
                heads,
                heads,
                keys.shape("n_inner", 4 * hidden),
                null,
                keys.truth("tie_word_embeddings", true),
                10_000,
                keys.numberFromZero("layer_norm_epsilon", 1e-5),
                keys.shape("n_positions", 1024));
    }
}
