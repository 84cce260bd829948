package dev.tanren.plan.validation;

import dev.tanren.plan.Stage;
import dev.tanren.plan.validation.PlanKeys.CommonKeys;
import dev.tanren.plan.validation.PlanKeys.ModelKeys;
import dev.tanren.plan.validation.PlanKeys.StageKeys;
import dev.tanren.plan.validation.PlanKeys.StageType;
import dev.tanren.plan.validation.PlanKeys.TopKeys;
import dev.tanren.plan.validation.internal.Problems;
import dev.tanren.plan.validation.internal.Section;
import java.util.List;

/// Advice on what becomes of a base model's element type: most are in bf16, and what is published
/// of one without a word has twice the size.
final class ExportedSize {

    private final Section plan;
    private final Section stage;
    private final Problems problems;

    ExportedSize(Section plan, Section stage, Problems problems) {
        this.plan = plan;
        this.stage = stage;
        this.problems = problems;
    }

    void check() {
        if (ofBase() && exports() && !stage.gives(StageKeys.DTYPE)) {
            problems.advise(
                    stage.placeOf(StageKeys.DTYPE),
                    "a base model that is published as float32, twice the size of one in bfloat16",
                    "the element type that the published weights shall have",
                    "Name the base's own, such as dtype: bfloat16, or dtype: float32 to keep every"
                            + " bit that training gave.");
        }
    }

    private boolean ofBase() {
        return plan.find(TopKeys.MODEL).filter(model -> model.gives(ModelKeys.BASE)).isPresent();
    }

    private boolean exports() {
        return stage.find(CommonKeys.TYPE).filter(StageType.EXPORT::equals).isPresent()
                && stage.find(StageKeys.FORMATS).orElse(List.of()).stream()
                        .anyMatch(format -> format.value() == Stage.Format.HUGGINGFACE);
    }
}
