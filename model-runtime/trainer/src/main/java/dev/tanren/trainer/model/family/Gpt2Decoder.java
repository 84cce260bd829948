package dev.tanren.trainer.model.family;

import static dev.tanren.plan.family.Gpt2.part;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.plan.family.Gpt2;
import dev.tanren.trainer.model.common.Activation;
import dev.tanren.trainer.model.common.Bias;
import dev.tanren.trainer.model.common.Conv1d;
import dev.tanren.trainer.model.common.Linear;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.common.Projection;
import dev.tanren.trainer.model.decoder.CausalSelfAttention;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.decoder.DecoderLayer;
import dev.tanren.trainer.model.decoder.FeedForward;
import dev.tanren.trainer.model.decoder.InputEmbedding;
import dev.tanren.trainer.model.decoder.LanguageModelHead;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.List;
import java.util.stream.IntStream;

/// How a GPT-2 decoder (Radford et al. 2019) is put together. Without dropout.
final class Gpt2Decoder {

    private final Architecture architecture;
    private final DecoderFamily family;
    private final Operators operators;
    private final ParameterSet parameters;

    private Gpt2Decoder(Architecture architecture, Format format, Operators operators) {
        this.operators = operators;
        this.architecture = architecture;
        family = DecoderFamily.of(architecture);
        parameters = new ParameterSet(ParameterLayout.of(architecture), format, operators);
    }

    static Decoder create(Architecture architecture, Format format, Operators operators) {
        return new Gpt2Decoder(architecture, format, operators).compose();
    }

    private Decoder compose() {
        InputEmbedding embedding =
                new InputEmbedding(
                        parameters.entries(family.before(architecture)),
                        operators,
                        parameters.get(Gpt2.EMBEDDING),
                        parameters.get(Gpt2.POSITIONS));
        List<DecoderLayer> layers =
                IntStream.range(0, architecture.layers()).mapToObj(this::layer).toList();
        return new Decoder(architecture, parameters, embedding, layers, head(embedding));
    }

    private DecoderLayer layer(int layer) {
        return new DecoderLayer(
                parameters.entries(family.layer(architecture, layer)),
                attention(layer),
                feedForward(layer));
    }

    private CausalSelfAttention attention(int layer) {
        return new CausalSelfAttention(
                architecture,
                operators,
                layer,
                new CausalSelfAttention.Parts(
                        norm(part(layer, "ln_1")),
                        projection(part(layer, "attn.c_attn")),
                        null,
                        null,
                        projection(part(layer, "attn.c_proj"))));
    }

    private FeedForward feedForward(int layer) {
        return new FeedForward(
                operators,
                new FeedForward.Parts(
                        norm(part(layer, "ln_2")),
                        projection(part(layer, "mlp.c_fc")),
                        Activation.GELU_TANH,
                        projection(part(layer, "mlp.c_proj"))));
    }

    private LanguageModelHead head(InputEmbedding embedding) {
        return new LanguageModelHead(
                parameters.entries(family.after(architecture)),
                operators,
                norm(Gpt2.FINAL_NORM),
                new Linear(
                        architecture.tieWordEmbeddings()
                                ? embedding.tokens()
                                : parameters.get(Gpt2.HEAD)));
    }

    private Norm norm(String part) {
        return new Norm.Layer(
                operators,
                parameters.get(part + ".weight"),
                parameters.get(part + ".bias"),
                architecture.normEpsilon());
    }

    private Projection projection(String part) {
        return new Conv1d(
                parameters.get(part + ".weight"),
                new Bias(operators, parameters.get(part + ".bias")));
    }
}
