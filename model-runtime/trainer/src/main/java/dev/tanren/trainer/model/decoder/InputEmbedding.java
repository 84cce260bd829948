package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where the residual stream begins: the embedding of each token, and of its position where the
/// family has learned positions.
///
/// Legend: N places, H hidden, V vocabulary, P positions.
public final class InputEmbedding implements Segment {

    private final List<ParameterLayout.Entry> parameters;
    private final Operators operators;
    private final Parameter tokens_VH;
    private final @Nullable Parameter positions_PH;

    /// @param parameters both tables
    /// @param positions_PH null where positions are not learned
    public InputEmbedding(
            List<ParameterLayout.Entry> parameters,
            Operators operators,
            Parameter tokens_VH,
            @Nullable Parameter positions_PH) {
        this.parameters = List.copyOf(parameters);
        this.operators = operators;
        this.tokens_VH = tokens_VH;
        this.positions_PH = positions_PH;
    }

    @Override
    public List<ParameterLayout.Entry> parameters() {
        return parameters;
    }

    /// The token table, for a head that is tied to it.
    public Parameter tokens() {
        return tokens_VH;
    }

    /// @throws IllegalArgumentException when a token or a position is not in its table
    @Override
    public Matrix forward(Matrix nothing_N0, Saved saved) {
        MicroBatch batch = saved.pass().batch();
        Matrix hidden_NH = saved.output(tokens_VH.columns());
        requireRows("token", batch.tokens(), "vocabulary", tokens_VH);
        operators.embed(batch.tokens(), tokens_VH.weight(), hidden_NH);
        if (positions_PH != null) {
            requireRows("position", batch.positions(), "model", positions_PH);
            operators.addEmbedding(batch.positions(), positions_PH.weight(), hidden_NH);
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

    @Override
    public void backward(Matrix gradient_NH, Saved saved) {
        MicroBatch batch = saved.pass().batch();
        operators.embedBackward(batch.tokens(), gradient_NH, tokens_VH.gradient());
        if (positions_PH != null) {
            operators.embedBackward(batch.positions(), gradient_NH, positions_PH.gradient());
        }
    }
}
