package dev.tanren.controlplane.run;

import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Finds runs and their stages, or says that there is none.
@Singleton
public class RunFinder {

    private final PostgresRegistry registry;

    RunFinder(PostgresRegistry registry) {
        this.registry = registry;
    }

    /// @throws TanrenException `NOT_FOUND`
    public Run run(String runId) {
        return registry.runs()
                .find(runId)
                .orElseThrow(() -> missing("there is no such run", "run/" + runId));
    }

    public static Plan plan(Run run) {
        return Json.read(run.planJson(), Plan.class);
    }

    /// The stage that is named, or else the run's current one, or else its first that trains.
    public StageRow stage(Run run, @Nullable String stageId) {
        List<StageRow> stages = registry.runs().stages(run.runId());
        if (stageId != null) {
            return stages.stream()
                    .filter(stage -> stage.stageId().equals(stageId))
                    .findFirst()
                    .orElseThrow(
                            () ->
                                    new TanrenException(
                                            ErrorCode.NOT_FOUND,
                                            "the run has no such stage",
                                            "run/" + run.runId() + "/" + stageId,
                                            "its stages are: "
                                                    + stages.stream()
                                                            .map(StageRow::stageId)
                                                            .collect(Collectors.joining(", "))));
        }
        return stages.stream()
                .filter(stage -> stage.stageId().equals(run.currentStage()))
                .filter(stage -> stage.totalSteps() > 0)
                .findFirst()
                .or(() -> stages.stream().filter(stage -> stage.step() > 0).reduce((a, b) -> b))
                .or(() -> stages.stream().filter(stage -> stage.totalSteps() > 0).findFirst())
                .orElseThrow(() -> missing("no stage of the run trains", "run/" + run.runId()));
    }

    public static TanrenException missing(String what, String where) {
        return new TanrenException(
                ErrorCode.NOT_FOUND,
                what,
                where,
                "list what there is: ./tanren run list, or GET /api/v1/runs");
    }
}
