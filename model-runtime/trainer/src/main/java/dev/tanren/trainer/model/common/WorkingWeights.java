package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.LinkedHashMap;
import java.util.Map;

/// A copy of a model's weights that its parts compute with, in another format or in another
/// device's memory: matrices in the format of products, vectors in fp32. Optimizers change the fp32
/// original.
final class WorkingWeights implements AutoCloseable {

    private final Operators operators;
    private final Format format;
    private final Map<ParameterLayout.Entry, Operators.OwnedMatrix> copies = new LinkedHashMap<>();

    /// @param format of matrices in products
    WorkingWeights(Operators operators, Format format) {
        this.operators = operators;
        this.format = format;
    }

    /// Whether parts compute with a copy of this parameter, rather than with the original.
    boolean has(ParameterLayout.Entry parameter) {
        return !operators.inHostMemory() || formatOf(parameter) != Format.FLOAT32;
    }

    /// Neighbouring parameters from `first` on as one matrix, which belongs to this copy.
    Matrix view(ParameterLayout.Entry first, int rows, int columns) {
        return copies.computeIfAbsent(first, it -> operators.allocate(formatOf(it), rows, columns))
                .matrix();
    }

    private Format formatOf(ParameterLayout.Entry parameter) {
        return parameter.vector() ? Format.FLOAT32 : format;
    }

    /// Takes over what the weights are now.
    void takeOver(FlatBuffer weights) {
        copies.forEach(
                (first, copy) -> operators.copyWeights(weights, first.offset(), copy.matrix()));
        operators.await();
    }

    /// Frees the copies.
    @Override
    public void close() {
        copies.values().forEach(Operators.OwnedMatrix::close);
        copies.clear();
    }
}
