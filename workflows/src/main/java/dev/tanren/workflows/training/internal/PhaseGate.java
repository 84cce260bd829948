package dev.tanren.workflows.training.internal;

import dev.tanren.plan.TrainingStage.EntryCondition;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.text.Figure;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.workflows.activity.RegistryActivities.LastEvaluation;
import dev.tanren.workflows.failure.Failure;
import org.jspecify.annotations.Nullable;

/// Decides whether a phase is entered, from the last evaluation of the phase before.
///
/// @param reason in words; null where the phase has no condition or was entered before
record PhaseGate(Decision decision, @Nullable String reason) {

    enum Decision {
        ENTER,
        /// The condition does not hold and the plan goes on all the same.
        ENTER_REGARDLESS,
        SKIP,
        WAIT,
        FAIL
    }

    static PhaseGate decide(
            Timetable.Entry entry, LastEvaluation evaluation, @Nullable String approvedPhase) {
        EntryCondition condition = entry.phase().enterWhen();
        if (condition == null || evaluation.committedStep() >= entry.firstStep()) {
            return new PhaseGate(Decision.ENTER, null);
        }
        Double value = evaluation.metrics().get(condition.metric());
        String reason = describe(entry.phase().id(), condition, value);
        if (value != null && holds(condition, value)) {
            return new PhaseGate(Decision.ENTER, reason);
        }
        return new PhaseGate(
                switch (condition.otherwise()) {
                    case CONTINUE -> Decision.ENTER_REGARDLESS;
                    case SKIP -> Decision.SKIP;
                    case PAUSE ->
                            entry.phase().id().equals(approvedPhase)
                                    ? Decision.ENTER_REGARDLESS
                                    : Decision.WAIT;
                    case FAIL -> Decision.FAIL;
                },
                reason);
    }

    Failure failure(String stageId, String phaseId) {
        return new Failure(
                ErrorCode.GATE_FAILED,
                String.valueOf(reason),
                "stages." + stageId + ".phases." + phaseId + ".enterWhen",
                "see what the phase before has learnt, then change its length, the bound or `otherwise`");
    }

    private static boolean holds(EntryCondition condition, double value) {
        Double below = condition.below();
        Double above = condition.above();
        return (below == null || value < below) && (above == null || value > above);
    }

    private static String describe(String phase, EntryCondition condition, @Nullable Double value) {
        StringBuilder bound = new StringBuilder();
        if (condition.below() != null) {
            bound.append(" below ").append(shown(condition, condition.below()));
        }
        if (condition.above() != null) {
            bound.append(" above ").append(shown(condition, condition.above()));
        }
        return "phase "
                + phase
                + " wants "
                + condition.metric()
                + bound
                + "; it is "
                + (value == null
                        ? "not measured"
                        : Figure.ofMetric(
                                condition.metric(), value, condition.below(), condition.above()));
    }

    private static String shown(EntryCondition condition, double bound) {
        return Figure.ofMetric(condition.metric(), bound);
    }
}
