package dev.tanren.storage.testing;

import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Runs;
import org.jspecify.annotations.Nullable;

/// Writes states of runs as their workflow would: each change follows the newest recorded one.
public record RunProjector(Registry registry) {

    public void become(String runId, RunState state) {
        become(runId, state, null, null);
    }

    public void become(
            String runId, RunState state, @Nullable String reason, Runs.@Nullable Failure failure) {
        registry.runs().project(runId, next(runId), state, reason, failure);
    }

    public void become(String runId, String stageId, StageState state) {
        RunVersion version = next(runId);
        registry.runs().projectStage(runId, stageId, version, state);
    }

    private RunVersion next(String runId) {
        long newest = registry.runs().find(runId).orElseThrow().version().sequence();
        return new RunVersion(
                registry.runs().find(runId).orElseThrow().version().execution(), newest + 1);
    }
}
