package dev.tanren.trainer.model.llama;

import static dev.tanren.trainer.model.llama.LlamaParameters.weightName;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.common.GroupedQueryAttention;
import dev.tanren.trainer.model.common.Linear;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.common.RmsNorm;
import dev.tanren.trainer.model.common.RotaryEmbedding;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The attention part of a block: `hidden + o_proj(attention(rope(qkv(norm(hidden)))))`.
///
/// Legend: N places, H hidden, W query, key and value heads side by side, Q query heads' width.
final class CausalSelfAttention implements Segment {

    private final int layer;
    private final int headsWidth;
    private final int queriesWidth;
    private final int rotatedHeads;
    private final RmsNorm norm;
    private final RotaryEmbedding rotary;
    private final GroupedQueryAttention attention;
    private final Parameter normGain_1H;
    private final Parameter headsWeight_WH;
    private final Parameter outputWeight_HQ;
    private @Nullable Matrix input_NH;

    CausalSelfAttention(
            Architecture architecture, int layer, RotaryEmbedding rotary, ParameterSet parameters) {
        int headSize = architecture.effectiveHeadSize();
        this.layer = layer;
        this.rotary = rotary;
        queriesWidth = architecture.heads() * headSize;
        headsWidth = queriesWidth + 2 * architecture.keyValueHeads() * headSize;
        rotatedHeads = architecture.heads() + architecture.keyValueHeads();
        norm = new RmsNorm(architecture.hiddenSize(), architecture.rmsNormEpsilon());
        attention =
                new GroupedQueryAttention(
                        architecture.heads(), architecture.keyValueHeads(), headSize, rotary);
        normGain_1H = parameters.get(weightName(layer, "input_layernorm"));
        headsWeight_WH = parameters.stacked(weightName(layer, "self_attn.q_proj"), headsWidth);
        outputWeight_HQ = parameters.get(weightName(layer, "self_attn.o_proj"));
    }

    @Override
    public Matrix forward(Matrix hidden_NH, Pass pass) {
        input_NH = hidden_NH;
        Matrix normed_NH = normed(hidden_NH, pass);
        Matrix heads_NW = heads(pass);
        Matrix attended_NQ = attended(pass);
        Matrix output_NH = output(hidden_NH, pass);

        norm.forward(hidden_NH, normGain_1H.weight(), normed_NH, inverse(pass));
        Linear.forward(normed_NH, headsWeight_WH.weight(), heads_NW);
        rotary.rotate(heads_NW, rotatedHeads, pass.batch().positions());
        attention.forward(heads_NW, pass.spans(), pass.training(), attended_NQ);
        Linear.forwardOnto(hidden_NH, attended_NQ, outputWeight_HQ.weight(), output_NH);
        return output_NH;
    }

    @Override
    public void backward(Matrix gradient_NH, Pass pass) {
        Matrix hidden_NH = Objects.requireNonNull(input_NH, "forward comes before backward");
        Matrix normed_NH = normed(hidden_NH, pass);
        Matrix heads_NW = heads(pass);
        Matrix attended_NQ = attended(pass);
        Matrix attendedGradient_NQ =
                pass.activations().matrix("attended.gradient", pass.places(), queriesWidth);
        Matrix normedGradient_NH =
                pass.activations().matrix("normed.gradient", pass.places(), hidden_NH.columns());

        Linear.weightGradient(gradient_NH, attended_NQ, outputWeight_HQ.gradient());
        Linear.inputGradient(gradient_NH, outputWeight_HQ.weight(), attendedGradient_NQ);
        attention.backward(attendedGradient_NQ, pass.batch().positions(), heads_NW);
        Linear.weightGradient(heads_NW, normed_NH, headsWeight_WH.gradient());
        Linear.inputGradient(heads_NW, headsWeight_WH.weight(), normedGradient_NH);
        norm.backward(normedGradient_NH, hidden_NH, inverse(pass), normGain_1H, gradient_NH);
    }

    private Matrix normed(Matrix hidden_NH, Pass pass) {
        return kept(pass, "attention.normed", hidden_NH.columns());
    }

    private Matrix inverse(Pass pass) {
        return kept(pass, "attention.inverse", 1);
    }

    private Matrix heads(Pass pass) {
        return kept(pass, "attention.heads", headsWidth);
    }

    private Matrix attended(Pass pass) {
        return kept(pass, "attention.attended", queriesWidth);
    }

    private Matrix output(Matrix hidden_NH, Pass pass) {
        return kept(pass, "attention.output", hidden_NH.columns());
    }

    private Matrix kept(Pass pass, String name, int columns) {
        return pass.activations().matrix(pass.kept(layer, name), pass.places(), columns);
    }
}
