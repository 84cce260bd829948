package dev.tanren.workflows.activity;

import dev.tanren.plan.run.Actor;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.StageState;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.workflows.failure.Failure;
import io.temporal.activity.ActivityInterface;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Writes what a run does where people read it, and reads what is done already.
///
/// Short; retried until the registry answers; a repeated call stores nothing twice.
@ActivityInterface(namePrefix = "Registry")
public interface RegistryActivities {

    /// Stands where the words of a record were refused.
    String REFUSED = "the registry refused the words of this record; the worker's log has them";

    Standing standing(StandingQuery query);

    /// Fixes what the run trains on, and records it in an event. The first call of a run decides,
    /// whoever makes it; all get what was recorded.
    TrainedOn fix(FixRequest request);

    /// Sets the run's status and appends the event that goes with it, unless a newer change is
    /// recorded already.
    Recorded recordStatus(StatusChange change);

    /// Sets a stage's status and appends the event that goes with it, unless a newer change is
    /// recorded already.
    Recorded recordStage(StageChange change);

    Recorded recordEvent(EventEntry event);

    /// Appends to the audit what a person asked for.
    Recorded recordRequest(RequestEntry request);

    /// The newest evaluation of a stage at or before a step.
    LastEvaluation lastEvaluation(EvaluationQuery query);

    /// @param execution of the run that asks
    record StandingQuery(String runId, long execution) {}

    /// @param stages state of each stage, by its id
    record Standing(StandingQuery query, Map<String, StageState> stages) {}

    /// What a record is answered with: an activity without a result could be answered for by
    /// anyone.
    ///
    /// @param what the change's version, the request's id, or the event's key or else its type
    record Recorded(String what) {

        public static Recorded of(RunVersion version) {
            return new Recorded(version.execution() + "/" + version.sequence());
        }

        public static Recorded of(EventEntry event) {
            return new Recorded(event.key() == null ? event.type() : event.key());
        }
    }

    record FixRequest(String runId, TrainedOn trainedOn) {}

    /// @param version its place among the run's changes
    /// @param before what the run was until now
    record StatusChange(
            String runId,
            RunVersion version,
            RunState before,
            RunState status,
            @Nullable String reason,
            @Nullable Failure failure) {

        /// The same without words from outside, for a registry that refused them.
        public StatusChange reduced() {
            return new StatusChange(
                    runId,
                    version,
                    before,
                    status,
                    reason == null ? null : REFUSED,
                    failure == null ? null : failure.reduced());
        }
    }

    /// @param version its place among the run's changes
    /// @param reason plain words for people; null where the status speaks for itself
    record StageChange(
            String runId,
            RunVersion version,
            String stageId,
            StageState status,
            @Nullable String reason,
            @Nullable Failure failure) {

        /// The same without words from outside, for a registry that refused them.
        public StageChange reduced() {
            return new StageChange(
                    runId,
                    version,
                    stageId,
                    status,
                    reason == null ? null : REFUSED,
                    failure == null ? null : failure.reduced());
        }
    }

    /// @param type such as `phase.entered`
    /// @param key an event with the same key in the same run is stored once; null where the call
    ///     itself is what is stored once
    record EventEntry(
            String runId,
            String type,
            @Nullable String stageId,
            String message,
            Map<String, Object> data,
            @Nullable String key) {}

    /// @param id names the request: it is recorded once
    /// @param action `pause`, `resume` or `cancel`
    /// @param before what the run was when it was asked for
    /// @param after what it becomes by it
    record RequestEntry(
            String runId,
            String id,
            String action,
            Actor actor,
            @Nullable String reason,
            RunState before,
            RunState after) {

        /// The same without words from outside, for a registry that refused them.
        public RequestEntry reduced() {
            Actor bare = new Actor(actor.id(), "unknown", actor.role(), actor.address());
            return new RequestEntry(runId, id, action, bare, REFUSED, before, after);
        }
    }

    record EvaluationQuery(String runId, String stageId, long uptoStep) {}

    /// @param metrics by name, such as `code.loss`; empty where the stage was not evaluated
    /// @param committedStep newest committed step of the whole stage; 0 where there is none
    record LastEvaluation(EvaluationQuery query, Map<String, Double> metrics, long committedStep) {}
}
