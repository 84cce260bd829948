package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;

/// A copy of a model's weights that its parts compute with: in another format, or in another
/// device's memory. Optimizers change the fp32 original.
public interface WorkingWeights extends AutoCloseable {

    /// Takes over what the weights are now.
    void takeOver(FlatBuffer weights);

    /// Whether the copy has this parameter; others are read from the original.
    boolean has(ParameterLayout.Entry parameter);

    /// Neighbouring parameters from `first` on as one matrix, which belongs to this copy.
    Matrix view(ParameterLayout.Entry first, int rows, int columns);

    /// Frees the copy and its views.
    @Override
    void close();
}
