package dev.tanren.workflows;

import static dev.tanren.plan.testing.StageBuilder.phase;

import dev.tanren.plan.Plan;
import dev.tanren.plan.Stage;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.EntryCondition;
import dev.tanren.plan.testing.SmallPlans;
import dev.tanren.plan.testing.StageBuilder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Plans of two phases of ten steps each, `short` (1 to 10) and `long` (11 to 20).
final class Plans {

    private Plans() {}

    static Plan twoPhases() {
        return twoPhases(null);
    }

    static Plan twoPhases(@Nullable EntryCondition enterLong) {
        return plan(training(enterLong));
    }

    /// One phase of so many steps.
    static Plan ofSteps(long steps) {
        return plan(
                StageBuilder.small().phases(phase("only", 16, 64 * steps)).saving(5, 2).build());
    }

    static Plan published() {
        return plan(
                training(null),
                new Stage.Export("release", "adapt", List.of(Stage.Format.HUGGINGFACE)),
                gate("gate"));
    }

    static Plan twoGates() {
        return plan(
                training(null),
                new Stage.Export("release", "adapt", List.of(Stage.Format.HUGGINGFACE)),
                gate("first"),
                gate("gate"));
    }

    private static Stage gate(String id) {
        return new Stage.Evaluate(
                id, "release", Map.of("code.perplexity", new Stage.Requirement(20.0, null)));
    }

    private static Plan plan(Stage... stages) {
        return SmallPlans.plan("test", SmallPlans.llama(4), stages);
    }

    private static TrainingStage training(@Nullable EntryCondition enterLong) {
        return StageBuilder.small()
                .phases(
                        phase("short", 16, 640),
                        new TrainingStage.Phase("long", 32, 640, Map.of("code", 1.0), enterLong))
                .saving(5, 2)
                .build();
    }
}
