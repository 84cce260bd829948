package dev.tanren.plan.validation;

import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.List;
import java.util.stream.Collectors;

/// What reading a plan came to.
public sealed interface PlanReading {

    /// @throws TanrenException `PLAN_INVALID`, listing every problem
    Plan planOrThrow();

    /// @param warnings advice that stops nothing
    record Valid(Plan plan, List<Problem> warnings) implements PlanReading {
        public Valid {
            warnings = List.copyOf(warnings);
        }

        @Override
        public Plan planOrThrow() {
            return plan;
        }
    }

    /// @param problems every one that was found, in the order of the text; at least one
    record Invalid(List<Problem> problems) implements PlanReading {
        public Invalid {
            problems = List.copyOf(problems);
            if (problems.isEmpty()) {
                throw new IllegalArgumentException("an invalid plan has a problem");
            }
        }

        @Override
        public Plan planOrThrow() {
            String all =
                    problems.stream()
                            .map(Problem::message)
                            .collect(Collectors.joining("\n  ", "\n  ", ""));
            throw TanrenException.withLines(
                    ErrorCode.PLAN_INVALID,
                    "the plan has "
                            + (problems.size() == 1 ? "a problem" : problems.size() + " problems")
                            + ":"
                            + all,
                    "plan",
                    "Mend what is listed and validate it again.",
                    null);
        }
    }
}
