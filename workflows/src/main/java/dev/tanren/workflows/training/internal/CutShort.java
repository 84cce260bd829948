package dev.tanren.workflows.training.internal;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.workflows.activity.RegistryActivities.EventEntry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a stage does not have because its last phases were left out when all before them had been
/// trained already: the fall of a learning rate whose course spans the whole stage.
///
/// @param lastStep the stage ended with
/// @param plannedStep it would have ended with
record CutShort(long lastStep, long plannedStep) {

    static final String EVENT = "schedule.cut-short";

    /// @param leftOut the phases after the last one that ran, in order
    static Optional<CutShort> by(TrainingStage stage, List<Timetable.Entry> leftOut) {
        return leftOut.isEmpty() || !stage.schedule().fallsOverStage()
                ? Optional.empty()
                : Optional.of(
                        new CutShort(
                                leftOut.getFirst().firstStep() - 1, leftOut.getLast().lastStep()));
    }

    EventEntry event(String runId, String stageId) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("lastStep", lastStep);
        data.put("plannedStep", plannedStep);
        return new EventEntry(
                runId,
                EVENT,
                stageId,
                "the stage ends before step "
                        + (lastStep + 1)
                        + " of "
                        + plannedStep
                        + ", because the phases after that were left out: the learning rate's"
                        + " course was laid over all steps and has not come to its minimum;"
                        + " schedule.over: phase lets it fall in each phase",
                data,
                EVENT + "/" + stageId);
    }
}
