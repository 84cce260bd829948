package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.model.common.TokenEmbedding;

/// Where the residual stream begins: the embedding of each token.
///
/// Legend: N places, H hidden, V vocabulary.
public final class InputEmbedding {

    private final Parameter tokens_VH;

    public InputEmbedding(Parameter tokens_VH) {
        this.tokens_VH = tokens_VH;
    }

    /// @throws IllegalArgumentException when a token is not in the vocabulary
    Matrix forward(Pass pass) {
        Matrix hidden_NH = pass.shared("embedded", tokens_VH.columns());
        TokenEmbedding.forward(pass.batch().tokens(), tokens_VH.weight(), hidden_NH);
        return hidden_NH;
    }

    void backward(Matrix gradient_NH, Pass pass) {
        TokenEmbedding.backward(pass.batch().tokens(), gradient_NH, tokens_VH.gradient());
    }
}
