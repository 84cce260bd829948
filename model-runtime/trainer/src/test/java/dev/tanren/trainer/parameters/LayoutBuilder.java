package dev.tanren.trainer.parameters;

import dev.tanren.plan.family.ModelParameter;
import dev.tanren.plan.family.ModelParameter.Initialisation;
import dev.tanren.plan.family.ModelParameter.Part;
import dev.tanren.plan.family.ModelParameter.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Layouts of no family.
public final class LayoutBuilder {

    private final List<ModelParameter> parameters = new ArrayList<>();

    /// A gain, or a matrix of a hidden layer.
    public LayoutBuilder add(String name, long... shape) {
        return shape.length == 1
                ? add(Role.NORM, Initialisation.ONES, name, shape)
                : add(Role.MATRIX, name, shape);
    }

    /// A matrix that writes into the residual stream.
    public LayoutBuilder addResidual(String name, long rows, long columns) {
        return add(Role.MATRIX, Initialisation.RESIDUAL, name, rows, columns);
    }

    public LayoutBuilder add(Role role, String name, long... shape) {
        return add(role, Initialisation.NORMAL, name, shape);
    }

    public LayoutBuilder add(Role role, Initialisation initialisation, String name, long... shape) {
        parameters.add(
                new ModelParameter(
                        name,
                        Arrays.stream(shape).boxed().toList(),
                        role,
                        Part.ATTENTION,
                        initialisation,
                        null,
                        null));
        return this;
    }

    public ParameterLayout build() {
        return ParameterLayout.of(parameters);
    }
}
