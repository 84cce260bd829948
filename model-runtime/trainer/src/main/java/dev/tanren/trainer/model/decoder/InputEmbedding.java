package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Embedding;
import dev.tanren.trainer.model.common.Kernels;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import org.jspecify.annotations.Nullable;

/// Where the residual stream begins: the embedding of each token, and of its position where the
/// family has learned positions.
///
/// Legend: N places, H hidden, V vocabulary, P positions.
public final class InputEmbedding {

    private final Embedding embedding;
    private final Parameter tokens_VH;
    private final @Nullable Parameter positions_PH;

    /// Without learned positions.
    public InputEmbedding(Kernels kernels, Parameter tokens_VH) {
        this(kernels, tokens_VH, null);
    }

    public InputEmbedding(Kernels kernels, Parameter tokens_VH, @Nullable Parameter positions_PH) {
        this.embedding = kernels.embedding();
        this.tokens_VH = tokens_VH;
        this.positions_PH = positions_PH;
    }

    /// @throws IllegalArgumentException when a token or a position is not in its table
    Matrix forward(Pass pass) {
        Matrix hidden_NH = pass.shared("embedded", tokens_VH.columns());
        requireRows("token", pass.batch().tokens(), "vocabulary", tokens_VH);
        embedding.forward(pass.batch().tokens(), tokens_VH.weight(), hidden_NH);
        if (positions_PH != null) {
            requireRows("position", pass.batch().positions(), "model", positions_PH);
            embedding.add(pass.batch().positions(), positions_PH.weight(), hidden_NH);
        }
        return hidden_NH;
    }

    private static void requireRows(String what, int[] rows, String of, Parameter table) {
        for (int row : rows) {
            if (row < 0 || row >= table.rows()) {
                throw new IllegalArgumentException(
                        what + " " + row + " in a " + of + " of " + table.rows());
            }
        }
    }

    void backward(Matrix gradient_NH, Pass pass) {
        embedding.backward(pass.batch().tokens(), gradient_NH, tokens_VH.gradient());
        if (positions_PH != null) {
            embedding.backward(pass.batch().positions(), gradient_NH, positions_PH.gradient());
        }
    }
}
