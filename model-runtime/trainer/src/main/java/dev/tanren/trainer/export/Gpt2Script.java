package dev.tanren.trainer.export;

import static dev.tanren.trainer.export.TorchScriptModule.attribute;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.family.Gpt2;

/// The source of GPT-2.
///
/// Shapes: B batch, T sequence, N heads, H head size, D hidden.
final class Gpt2Script {

    private static final String METHODS =
            """
            def norm(self, x, weight, bias):
                return torch.layer_norm(x, [%D%], weight, bias, %EPSILON%)

            def project(self, x, weight, bias):
                return torch.matmul(x, weight) + bias

            def attend(self, heads, allowed):
                B = heads.size(0)
                T = heads.size(1)
                heads = heads.view([B, T, 3, %N%, %H%]).permute([2, 0, 3, 1, 4])
                scores = torch.matmul(heads.select(0, 0), heads.select(0, 1).transpose(2, 3)) * %SCALE%
                scores = scores.masked_fill(torch.logical_not(allowed), -3.4e38)
                mixed = torch.matmul(torch.softmax(scores, -1), heads.select(0, 2))
                return mixed.transpose(1, 2).reshape([B, T, %D%])

            def gelu(self, x):
                return 0.5 * x * (1.0 + torch.tanh(%ROOT% * (x + 0.044715 * x * x * x)))

            def forward(self, tokens, positions, documents):
                T = tokens.size(1)
                order = torch.arange(T, device=tokens.device)
                causal = torch.le(order.unsqueeze(0), order.unsqueeze(1))
                same = torch.eq(documents.unsqueeze(2), documents.unsqueeze(1))
                allowed = torch.logical_and(same, causal).unsqueeze(1)
                x = torch.embedding(self.%EMBEDDING%, tokens)
                x = x + torch.embedding(self.%POSITIONS%, positions)
            """;

    private static final String LAYER =
            """
                h = self.norm(x, self.%L%ln_1_weight, self.%L%ln_1_bias)
                h = self.project(h, self.%L%attn_c_attn_weight, self.%L%attn_c_attn_bias)
                h = self.attend(h, allowed)
                x = x + self.project(h, self.%L%attn_c_proj_weight, self.%L%attn_c_proj_bias)
                h = self.norm(x, self.%L%ln_2_weight, self.%L%ln_2_bias)
                h = self.gelu(self.project(h, self.%L%mlp_c_fc_weight, self.%L%mlp_c_fc_bias))
                x = x + self.project(h, self.%L%mlp_c_proj_weight, self.%L%mlp_c_proj_bias)
            """;

    private static final String END =
            """
                return torch.linear(self.norm(x, self.%NORM%_weight, self.%NORM%_bias), self.%HEAD%)
            """;

    private Gpt2Script() {}

    static String source(Architecture architecture) {
        int headSize = architecture.effectiveHeadSize();
        StringBuilder source = new StringBuilder(METHODS);
        for (int layer = 0; layer < architecture.layers(); layer++) {
            source.append(LAYER.replace("%L%", attribute(Gpt2.part(layer, ""))));
        }
        String head = architecture.tieWordEmbeddings() ? Gpt2.EMBEDDING : Gpt2.HEAD;
        return source.append(END)
                .toString()
                .replace("%EPSILON%", Script.number(architecture.normEpsilon()))
                .replace("%SCALE%", Script.number(1 / Math.sqrt(headSize)))
                .replace("%ROOT%", Script.number(Math.sqrt(2 / Math.PI)))
                .replace("%N%", Integer.toString(architecture.heads()))
                .replace("%H%", Integer.toString(headSize))
                .replace("%D%", Integer.toString(architecture.hiddenSize()))
                .replace("%EMBEDDING%", attribute(Gpt2.EMBEDDING))
                .replace("%POSITIONS%", attribute(Gpt2.POSITIONS))
                .replace("%NORM%", attribute(Gpt2.FINAL_NORM))
                .replace("%HEAD%", attribute(head));
    }
}
