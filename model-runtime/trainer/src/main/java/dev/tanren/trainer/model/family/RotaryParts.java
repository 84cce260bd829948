package dev.tanren.trainer.model.family;

import static dev.tanren.plan.family.RotaryFamily.weight;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.family.RotaryFamily;
import dev.tanren.trainer.model.common.Activation;
import dev.tanren.trainer.model.common.Linear;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.common.RotaryAngles;
import dev.tanren.trainer.model.common.RotaryFrequencies;
import dev.tanren.trainer.model.decoder.CausalSelfAttention;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.decoder.DecoderLayer;
import dev.tanren.trainer.model.decoder.FeedForward;
import dev.tanren.trainer.model.decoder.InputEmbedding;
import dev.tanren.trainer.model.decoder.LanguageModelHead;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// What Llama and the families after it are put together from.
final class RotaryParts {

    private final Architecture architecture;
    private final RotaryFamily family;
    private final Operators operators;
    private final ParameterSet parameters;
    private final RotaryAngles angles;

    public RotaryParts(Architecture architecture, Format format, Operators operators) {
        this.operators = operators;
        this.architecture = architecture;
        family = RotaryFamily.of(architecture);
        parameters = new ParameterSet(ParameterLayout.of(architecture), format, operators);
        angles =
                new RotaryAngles(
                        RotaryFrequencies.of(
                                architecture.effectiveHeadSize(),
                                architecture.ropeTheta(),
                                architecture.ropeScaling()));
    }

    /// A decoder of this attention and a gated feed-forward part in every layer.
    ///
    /// @param attention the parts of a layer's attention
    public Decoder decoder(IntFunction<CausalSelfAttention.Parts> attention) {
        InputEmbedding embedding =
                new InputEmbedding(
                        parameters.entries(family.before(architecture)),
                        operators,
                        parameters.get(RotaryFamily.EMBEDDING),
                        null);
        List<DecoderLayer> layers =
                IntStream.range(0, architecture.layers())
                        .mapToObj(layer -> layer(layer, attention.apply(layer)))
                        .toList();
        return new Decoder(architecture, parameters, embedding, layers, head(embedding));
    }

    private DecoderLayer layer(int layer, CausalSelfAttention.Parts attention) {
        return new DecoderLayer(
                parameters.entries(family.layer(architecture, layer)),
                new CausalSelfAttention(architecture, operators, layer, attention),
                feedForward(layer));
    }

    private FeedForward feedForward(int layer) {
        Parameter gateUp =
                parameters.stacked(
                        weight(layer, family.innerProjection()),
                        2 * architecture.intermediateSize());
        return new FeedForward(
                operators,
                new FeedForward.Parts(
                        norm(weight(layer, "post_attention_layernorm")),
                        new Linear(gateUp),
                        Activation.SWIGLU,
                        linear(weight(layer, "mlp.down_proj"))));
    }

    private LanguageModelHead head(InputEmbedding embedding) {
        return new LanguageModelHead(
                parameters.entries(family.after(architecture)),
                operators,
                norm(RotaryFamily.FINAL_NORM),
                new Linear(
                        architecture.tieWordEmbeddings()
                                ? embedding.tokens()
                                : parameters.get(RotaryFamily.HEAD)));
    }

    /// The norm before a layer's attention.
    public Norm inputNorm(int layer) {
        return norm(weight(layer, "input_layernorm"));
    }

    private Norm norm(String name) {
        return new Norm.Rms(operators, parameters.get(name), architecture.normEpsilon());
    }

    /// Queries', keys' and values' weights as one.
    public Parameter headsWeight(int layer) {
        return parameters.stacked(weight(layer, family.headsProjection()), headsWidth());
    }

    /// The width of queries, keys and values side by side.
    public int headsWidth() {
        return RotaryFamily.queries(architecture) + 2 * RotaryFamily.keys(architecture);
    }

    public Linear attentionOutput(int layer) {
        return linear(weight(layer, "self_attn.o_proj"));
    }

    private Linear linear(String name) {
        return new Linear(parameters.get(name));
    }

    public RotaryAngles angles() {
        return angles;
    }

    public Operators operators() {
        return operators;
    }

    public ParameterSet parameters() {
        return parameters;
    }

    /// Attention without biases and without norms of its heads.
    public CausalSelfAttention.Parts plainAttention(int layer) {
        return new CausalSelfAttention.Parts(
                inputNorm(layer),
                new Linear(headsWeight(layer)),
                null,
                angles(),
                attentionOutput(layer));
    }
}
