package dev.tanren.plan.validation;

import dev.tanren.plan.Plan;
import dev.tanren.plan.error.TanrenException;
import java.util.List;

/// Looks at the model that a plan names, where whoever reads the plan can see it.
@FunctionalInterface
public interface ModelCheck {

    /// Sees nothing.
    ModelCheck NONE = plan -> List.of();

    /// @return what stops nothing
    /// @throws TanrenException where a run would refuse the model
    List<ModelAdvice> check(Plan plan);
}
