package dev.tanren.plan.validation;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Phase;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;

/// Whether a plan and the model it trains fit each other, where the plan alone does not tell: a
/// base model's shape is known only when its `config.json` is read.
public final class ModelFit {

    private ModelFit() {}

    /// @throws TanrenException `PLAN_INCONSISTENT` naming the first phase whose sequences are
    ///     longer than the model's positions
    public static void require(Plan plan, Architecture architecture) {
        for (var stage : plan.stages()) {
            if (stage instanceof TrainingStage training) {
                training.phases().forEach(phase -> require(training, phase, architecture));
            }
        }
    }

    /// The same for one phase.
    public static void require(TrainingStage stage, Phase phase, Architecture architecture) {
        int positions = architecture.maximumPositions();
        if (phase.sequenceLength() > positions) {
            throw new TanrenException(
                    ErrorCode.PLAN_INCONSISTENT,
                    "sequences of "
                            + phase.sequenceLength()
                            + " tokens for a model of "
                            + positions
                            + " positions (max_position_embeddings)",
                    "stage " + stage.id() + ", phase " + phase.id(),
                    "Set sequenceLength to at most "
                            + positions
                            + ", or take a model with more positions.");
        }
    }
}
