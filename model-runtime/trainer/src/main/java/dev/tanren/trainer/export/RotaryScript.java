package dev.tanren.trainer.export;

import static dev.tanren.trainer.export.TorchScriptModule.attribute;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.plan.family.RotaryFamily;

/// The source of all families with rotary positions.
///
/// Shapes: B batch, T sequence, N heads, K key-value heads, G heads to one of them, H head size.
final class RotaryScript {

    private static final String METHODS =
            """
            def norm(self, x, weight):
                return weight * (x * torch.rsqrt(torch.mean(x * x, [-1], True) + %EPSILON%))

            def rotate(self, x, cosines, sines):
                first = torch.narrow(x, -1, 0, %HALF%)
                second = torch.narrow(x, -1, %HALF%, %HALF%)
                return x * cosines + torch.cat([torch.neg(second), first], -1) * sines

            def attend(self, q, k, v, cosines, sines, allowed):
                B = q.size(0)
                T = q.size(1)
                q = self.rotate(q.transpose(1, 2), cosines, sines)
                k = self.rotate(k.transpose(1, 2), cosines, sines)
                v = v.transpose(1, 2)
                k = k.unsqueeze(2).expand([B, %K%, %G%, T, %H%]).reshape([B, %N%, T, %H%])
                v = v.unsqueeze(2).expand([B, %K%, %G%, T, %H%]).reshape([B, %N%, T, %H%])
                scores = torch.matmul(q, k.transpose(2, 3)) * %SCALE%
                scores = scores.masked_fill(torch.logical_not(allowed), -3.4e38)
                mixed = torch.matmul(torch.softmax(scores, -1), v)
                return mixed.transpose(1, 2).reshape([B, T, %WIDTH%])

            def feed(self, x, gate_proj, up_proj, down_proj):
                gate = torch.linear(x, gate_proj)
                return torch.linear(gate * torch.sigmoid(gate) * torch.linear(x, up_proj), down_proj)

            def forward(self, tokens, positions, documents):
                B = tokens.size(0)
                T = tokens.size(1)
                order = torch.arange(T, device=tokens.device)
                distance = order.unsqueeze(1) - order.unsqueeze(0)
                causal = %CAUSAL%
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
                q = torch.linear(h, %q_proj%%q_bias%).view([B, T, %N%, %H%])
                k = torch.linear(h, %k_proj%%k_bias%).view([B, T, %K%, %H%])
                v = torch.linear(h, %v_proj%%v_bias%).view([B, T, %K%, %H%])
            """;

    private static final String HEAD_NORMS =
            """
                q = self.norm(q, self.%L%self_attn_q_norm_weight)
                k = self.norm(k, self.%L%self_attn_k_norm_weight)
            """;

    private static final String LAYER_END =
            """
                h = self.attend(q, k, v, cosines, sines, allowed)
                x = x + torch.linear(h, self.%L%self_attn_o_proj_weight)
                h = self.norm(x, self.%L%post_attention_layernorm_weight)
                x = x + self.feed(h, %gate_proj%, %up_proj%, self.%L%mlp_down_proj_weight)
            """;

    private static final String END =
            """
                return torch.linear(self.norm(x, self.%NORM%), self.%HEAD%)
            """;

    private RotaryScript() {}

    static String source(Architecture architecture) {
        int heads = architecture.heads();
        int keyValueHeads = architecture.keyValueHeads();
        int headSize = architecture.effectiveHeadSize();
        StringBuilder source = new StringBuilder(METHODS);
        for (int layer = 0; layer < architecture.layers(); layer++) {
            source.append(layer(architecture).replace("%L%", "model_layers_" + layer + "_"));
        }
        String head = architecture.tieWordEmbeddings() ? RotaryFamily.EMBEDDING : RotaryFamily.HEAD;
        return source.append(END)
                .toString()
                .replace("%CAUSAL%", causal(architecture))
                .replace("%EPSILON%", Script.number(architecture.normEpsilon()))
                .replace("%SCALE%", Script.number(1 / Math.sqrt(headSize)))
                .replace("%HALF%", Integer.toString(headSize / 2))
                .replace("%N%", Integer.toString(heads))
                .replace("%K%", Integer.toString(keyValueHeads))
                .replace("%G%", Integer.toString(heads / keyValueHeads))
                .replace("%H%", Integer.toString(headSize))
                .replace("%WIDTH%", Integer.toString(heads * headSize))
                .replace("%EMBEDDING%", attribute(RotaryFamily.EMBEDDING))
                .replace("%NORM%", attribute(RotaryFamily.FINAL_NORM))
                .replace("%HEAD%", attribute(head));
    }

    private static String layer(Architecture architecture) {
        boolean biased = DecoderFamily.of(architecture).biasesHeads();
        boolean normed = DecoderFamily.of(architecture).normsHeads();
        String layer = LAYER;
        for (String part : new String[] {"q", "k", "v"}) {
            String bias = biased ? ", self.%L%self_attn_" + part + "_proj_bias" : "";
            layer = layer.replace("%" + part + "_bias%", bias);
        }
        return projections(architecture, layer + (normed ? HEAD_NORMS : "") + LAYER_END);
    }

    /// Puts in the weights of projections: parameters, or rows of one that several share.
    private static String projections(Architecture architecture, String layer) {
        long queries = RotaryFamily.queries(architecture);
        long keys = RotaryFamily.keys(architecture);
        long inner = architecture.intermediateSize();
        RotaryFamily family = RotaryFamily.of(architecture);
        String heads = family.headsProjection();
        String gates = family.innerProjection();
        boolean apart = !family.storesStacks();
        return layer.replace("%q_proj%", apart ? own("self_attn.q_proj") : rows(heads, 0, queries))
                .replace("%k_proj%", apart ? own("self_attn.k_proj") : rows(heads, queries, keys))
                .replace(
                        "%v_proj%",
                        apart ? own("self_attn.v_proj") : rows(heads, queries + keys, keys))
                .replace("%gate_proj%", apart ? own("mlp.gate_proj") : rows(gates, 0, inner))
                .replace("%up_proj%", apart ? own("mlp.up_proj") : rows(gates, inner, inner));
    }

    private static String own(String projection) {
        return "self.%L%" + attribute(projection + ".weight");
    }

    private static String rows(String projection, long from, long count) {
        return "torch.narrow(%s, 0, %d, %d)".formatted(own(projection), from, count);
    }

    private static String causal(Architecture architecture) {
        Integer window = architecture.slidingWindow();
        return window == null
                ? "torch.ge(distance, 0)"
                : "torch.logical_and(torch.ge(distance, 0), torch.lt(distance, " + window + "))";
    }
}
