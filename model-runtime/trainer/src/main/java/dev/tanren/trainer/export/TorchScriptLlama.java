package dev.tanren.trainer.export;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.llama.LlamaParameters;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.NativeAddress;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Locale;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Tensor;

/// A Llama model as a TorchScript module, written down as source so that no Python is needed.
///
/// `forward(tokens, positions, documents)`, each int64 [batch, sequence], gives float32 logits
/// [batch, sequence, vocabulary]. Positions are those inside a document; attention is causal and
/// never crosses from one document of a row to another; -1 is the document of padding. The
/// source keeps to operators that libtorch 2.7 and later have.
///
/// Shapes: B batch, T sequence, N heads, K key-value heads, G heads to one of them, H head size.
final class TorchScriptLlama implements AutoCloseable {

    private static final String FREQUENCIES = "rotary_frequencies";

    private static final String METHODS =
            """
            def norm(self, x, weight):
                return weight * (x * torch.rsqrt(torch.mean(x * x, [-1], True) + %EPSILON%))

            def rotate(self, x, cosines, sines):
                first = torch.narrow(x, -1, 0, %HALF%)
                second = torch.narrow(x, -1, %HALF%, %HALF%)
                return x * cosines + torch.cat([torch.neg(second), first], -1) * sines

            def attend(self, x, cosines, sines, allowed, q_proj, k_proj, v_proj, o_proj):
                B = x.size(0)
                T = x.size(1)
                q = torch.linear(x, q_proj).view([B, T, %N%, %H%]).transpose(1, 2)
                k = torch.linear(x, k_proj).view([B, T, %K%, %H%]).transpose(1, 2)
                v = torch.linear(x, v_proj).view([B, T, %K%, %H%]).transpose(1, 2)
                q = self.rotate(q, cosines, sines)
                k = self.rotate(k, cosines, sines)
                k = k.unsqueeze(2).expand([B, %K%, %G%, T, %H%]).reshape([B, %N%, T, %H%])
                v = v.unsqueeze(2).expand([B, %K%, %G%, T, %H%]).reshape([B, %N%, T, %H%])
                scores = torch.matmul(q, k.transpose(2, 3)) * %SCALE%
                scores = scores.masked_fill(torch.logical_not(allowed), -3.4e38)
                mixed = torch.matmul(torch.softmax(scores, -1), v)
                return torch.linear(mixed.transpose(1, 2).reshape([B, T, %WIDTH%]), o_proj)

            def feed(self, x, gate_proj, up_proj, down_proj):
                gate = torch.linear(x, gate_proj)
                return torch.linear(gate * torch.sigmoid(gate) * torch.linear(x, up_proj), down_proj)

            def forward(self, tokens, positions, documents):
                T = tokens.size(1)
                order = torch.arange(T, device=tokens.device)
                causal = torch.le(order.unsqueeze(0), order.unsqueeze(1))
                same = torch.eq(documents.unsqueeze(2), documents.unsqueeze(1))
                allowed = torch.logical_and(same, causal).unsqueeze(1)
                angles = positions.unsqueeze(-1) * self.rotary_frequencies
                angles = torch.cat([angles, angles], -1).unsqueeze(1)
                cosines = torch.cos(angles)
                sines = torch.sin(angles)
                x = torch.embedding(self.%EMBEDDING%, tokens)
            """;

    private static final String LAYER =
            """
                h = self.norm(x, self.%L%input_layernorm_weight)
                x = x + self.attend(h, cosines, sines, allowed, self.%L%self_attn_q_proj_weight, \
            self.%L%self_attn_k_proj_weight, self.%L%self_attn_v_proj_weight, \
            self.%L%self_attn_o_proj_weight)
                h = self.norm(x, self.%L%post_attention_layernorm_weight)
                x = x + self.feed(h, self.%L%mlp_gate_proj_weight, self.%L%mlp_up_proj_weight, \
            self.%L%mlp_down_proj_weight)
            """;

    private static final String END =
            """
                return torch.linear(self.norm(x, self.%NORM%), self.%HEAD%)
            """;

    private final Arena arena = Arena.ofShared();
    private final JitModule module;

    /// @param weights must outlive this
    TorchScriptLlama(Architecture architecture, ParameterLayout layout, FlatBuffer weights) {
        try (PointerScope _ = new PointerScope()) {
            module = new JitModule(new QualifiedName("TanrenLlama"));
            for (ParameterLayout.Entry entry : layout.entries()) {
                module.register_parameter(attribute(entry.name()), weights.view(entry), false);
            }
            module.register_buffer(FREQUENCIES, frequencies(architecture));
            module.define(source(architecture));
            module.eval();
            module.retainReference();
        }
    }

    static String source(Architecture architecture) {
        int heads = architecture.heads();
        int keyValueHeads = architecture.keyValueHeads();
        int headSize = architecture.effectiveHeadSize();
        StringBuilder source = new StringBuilder(METHODS);
        for (int layer = 0; layer < architecture.layers(); layer++) {
            source.append(LAYER.replace("%L%", "model_layers_" + layer + "_"));
        }
        String head =
                architecture.tieWordEmbeddings() ? LlamaParameters.EMBEDDING : LlamaParameters.HEAD;
        return source.append(END)
                .toString()
                .replace("%EPSILON%", number(architecture.rmsNormEpsilon()))
                .replace("%SCALE%", number(1 / Math.sqrt(headSize)))
                .replace("%HALF%", Integer.toString(headSize / 2))
                .replace("%N%", Integer.toString(heads))
                .replace("%K%", Integer.toString(keyValueHeads))
                .replace("%G%", Integer.toString(heads / keyValueHeads))
                .replace("%H%", Integer.toString(headSize))
                .replace("%WIDTH%", Integer.toString(heads * headSize))
                .replace("%EMBEDDING%", attribute(LlamaParameters.EMBEDDING))
                .replace("%NORM%", attribute(LlamaParameters.FINAL_NORM))
                .replace("%HEAD%", attribute(head));
    }

    /// A parameter's name as TorchScript allows it: dots part modules there.
    private static String attribute(String name) {
        return name.replace('.', '_');
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.17e", value);
    }

    /// The frequencies as the trainer's own rotary embedding rounds them.
    private Tensor frequencies(Architecture architecture) {
        int headSize = architecture.effectiveHeadSize();
        int half = headSize / 2;
        MemorySegment frequencies = arena.allocate((long) half * Float.BYTES, 64);
        for (int i = 0; i < half; i++) {
            float power =
                    (float) Math.pow((float) architecture.ropeTheta(), (float) (2 * i) / headSize);
            frequencies.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1f / power);
        }
        return NativeAddress.tensor(frequencies, half);
    }

    /// @return logits [B, T, vocabulary], which the caller owns
    Tensor logits(Tensor tokens_BT, Tensor positions_BT, Tensor documents_BT) {
        return module.forward(
                        new IValueVector(
                                new IValue(tokens_BT),
                                new IValue(positions_BT),
                                new IValue(documents_BT)))
                .toTensor();
    }

    void save(Path file) {
        module.save(file.toString());
    }

    @Override
    public void close() {
        module.releaseReference();
        arena.close();
    }
}
