package dev.tanren.trainer.model.common;

import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.ArrayList;
import java.util.List;

/// All parameters of a decoder, so that they change buffers together.
public final class ParameterSet {

    private final ParameterLayout layout;
    private final List<Parameter> parameters = new ArrayList<>();

    public ParameterSet(ParameterLayout layout) {
        this.layout = layout;
    }

    public ParameterLayout layout() {
        return layout;
    }

    /// The parameter `name` as a matrix; a vector is one row.
    public Parameter get(String name) {
        ParameterLayout.Entry entry = layout.entry(name);
        long[] shape = entry.shape();
        return entry.vector()
                ? add(entry, 1, (int) shape[0])
                : add(entry, (int) shape[0], (int) shape[1]);
    }

    /// `first` and the parameters that follow it, up to `rows` rows in all, as one matrix.
    public Parameter stacked(String first, int rows) {
        ParameterLayout.Entry entry = layout.entry(first);
        return add(entry, rows, (int) entry.shape()[1]);
    }

    /// The vector `first` and those that follow it, `columns` elements in all, as one row.
    public Parameter concatenated(String first, int columns) {
        return add(layout.entry(first), 1, columns);
    }

    private Parameter add(ParameterLayout.Entry entry, int rows, int columns) {
        Parameter parameter = new Parameter(entry, rows, columns);
        parameters.add(parameter);
        return parameter;
    }

    public void useWeights(FlatBuffer weights) {
        requireFit(weights);
        parameters.forEach(parameter -> parameter.useWeight(weights));
    }

    public void useGradients(FlatBuffer gradients) {
        requireFit(gradients);
        parameters.forEach(parameter -> parameter.useGradient(gradients));
    }

    private void requireFit(FlatBuffer buffer) {
        if (buffer.elements() != layout.elements()) {
            throw new IllegalArgumentException(
                    "a buffer of "
                            + buffer.elements()
                            + " elements for a model of "
                            + layout.elements());
        }
    }
}
