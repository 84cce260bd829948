package dev.tanren.trainer.model.common;

import dev.tanren.plan.family.ModelParameter;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All parameters of a decoder, so that they change buffers together.
///
/// Where operators compute with a copy of the weights, it is made anew by [#refresh] after they
/// have changed.
public final class ParameterSet implements AutoCloseable {

    private final ParameterLayout layout;
    private final Format format;
    private final List<Parameter> parameters = new ArrayList<>();
    private final Operators operators;
    private final WorkingWeights copy;
    private @Nullable FlatBuffer weights;
    private @Nullable FlatBuffer gradients;
    private boolean stale;

    /// @param format of matrices in products
    /// @param operators that the decoder computes by
    public ParameterSet(ParameterLayout layout, Format format, Operators operators) {
        this.layout = layout;
        this.format = format;
        this.operators = operators;
        copy = new WorkingWeights(operators, format);
    }

    public Operators operators() {
        return operators;
    }

    public Format format() {
        return format;
    }

    public ParameterLayout layout() {
        return layout;
    }

    /// Where parameters of a description lie.
    public List<ParameterLayout.Entry> entries(List<ModelParameter> described) {
        return described.stream().map(parameter -> layout.entry(parameter.name())).toList();
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
        Parameter parameter = new Parameter(entry, rows, columns, operators, format);
        parameters.add(parameter);
        return parameter;
    }

    /// Computes with these weights from now on. The buffer must outlive its use here.
    public void useWeights(FlatBuffer weights) {
        requireFit(weights);
        this.weights = weights;
        stale = true;
        parameters.forEach(parameter -> parameter.useWeight(weights, copy));
    }

    /// The numbers in the weights are others than they were: brings the copy up to date, where
    /// there is one.
    public void weightsChanged() {
        stale = true;
        refresh();
    }

    /// Brings the copy up to date, where there is one. To be called before a pass.
    public void refresh() {
        if (stale && weights != null) {
            copy.takeOver(weights);
        }
        stale = false;
    }

    /// Gradients are added to this buffer from now on; it may change between micro-batches.
    public void useGradients(FlatBuffer gradients) {
        if (this.gradients == gradients) {
            return;
        }
        requireFit(gradients);
        this.gradients = gradients;
        parameters.forEach(parameter -> parameter.useGradient(gradients));
    }

    @Override
    public void close() {
        copy.close();
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
