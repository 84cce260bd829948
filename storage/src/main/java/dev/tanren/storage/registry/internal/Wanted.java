package dev.tanren.storage.registry.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Attempts.NewAttempt;
import org.jdbi.v3.core.Handle;

/// Whether a run wants an attempt at a stage, as the registry knows it. Until the transaction ends
/// the run's state stays as it was found.
sealed interface Wanted {

    record Now() implements Wanted {}

    /// The run is pausing or paused, or its going on is not recorded yet.
    record Later() implements Wanted {}

    /// @param refusal why, for whoever asks
    record No(TanrenException refusal) implements Wanted {}

    static Wanted of(Handle handle, NewAttempt attempt) {
        Standing run = standing(handle, attempt.runId());
        String where = "run/" + attempt.runId();
        if (run.execution() != attempt.execution()) {
            return new No(
                    movedOn(
                            "the run is in execution "
                                    + run.execution()
                                    + ", and this was asked for in "
                                    + attempt.execution(),
                            where));
        }
        return switch (run.state()) {
            case PAUSING, PAUSED -> new Later();
            case QUEUED, RUNNING -> ofStage(handle, attempt.runId(), attempt.stageId());
            case CANCELLING, SUCCEEDED, FAILED, CANCELLED ->
                    new No(movedOn("the run is " + run.state().key(), where));
        };
    }

    static boolean ended(Handle handle, String runId) {
        return standing(handle, runId).state().terminal();
    }

    private static Wanted ofStage(Handle handle, String runId, String stageId) {
        String where = "run/" + runId + "/" + stageId;
        StageState stage =
                handle.createQuery(
                                "select status from stages"
                                        + " where run_id = :runId and stage_id = :stageId")
                        .bind("runId", runId)
                        .bind("stageId", stageId)
                        .mapTo(String.class)
                        .map(StageState::of)
                        .findOne()
                        .orElseThrow(() -> PostgresRuns.missing(where));
        return stage.terminal() ? new No(movedOn("the stage is " + stage.key(), where)) : new Now();
    }

    record Standing(long execution, RunState state) {}

    /// The run's row before the stage's, as everywhere.
    private static Standing standing(Handle handle, String runId) {
        return handle.createQuery(
                        "select execution, status from runs where run_id = :runId for share")
                .bind("runId", runId)
                .map(
                        (row, context) ->
                                new Standing(
                                        row.getLong("execution"),
                                        RunState.of(row.getString("status"))))
                .findOne()
                .orElseThrow(() -> PostgresRuns.missing("run/" + runId));
    }

    private static TanrenException movedOn(String what, String where) {
        return new TanrenException(
                ErrorCode.STATE_CONFLICT,
                what + ": no attempt begins",
                where,
                "nothing is to be done: this was asked for before; a retry asks anew");
    }
}
