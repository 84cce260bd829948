package dev.tanren.controlplane.api;

import dev.tanren.plan.validation.Problem;
import org.jspecify.annotations.Nullable;

/// One mistake in a plan, or advice about it, where it stands and how to mend it.
///
/// @param code such as `TNR-1002`, as `docs/errors.md` lists it
/// @param line from 1
/// @param column from 1
/// @param path such as `stages[0].optimizer.learningRate`; empty for the whole document
/// @param nearest the known name most like the one that was found, if one is near
public record PlanProblem(
        String code,
        int line,
        int column,
        String path,
        String found,
        String expected,
        @Nullable String nearest,
        String mend) {

    public static PlanProblem of(Problem problem) {
        return new PlanProblem(
                problem.code().code(),
                problem.line(),
                problem.column(),
                problem.path(),
                problem.found(),
                problem.expected(),
                problem.nearest(),
                problem.mend());
    }
}
