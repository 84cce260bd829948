package dev.tanren.storage.checkpoint;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.registry.Runs;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a run is, stored beside its checkpoints as `runs/<run>/run.json`, so that the store alone
/// is enough to go on with it.
///
/// @param version of this format
/// @param planJson the plan as it runs, with its defaults
/// @param submitted what was sent; null where nothing was
/// @param owner who submitted it
public record RunRecord(
        int version,
        String runId,
        String name,
        String planJson,
        Runs.@Nullable PlanText submitted,
        String owner,
        List<Runs.NewStage> stages) {

    public static final int VERSION = 1;

    public RunRecord {
        stages = List.copyOf(stages);
    }

    static String key(String runId) {
        return "runs/" + runId + "/run.json";
    }

    /// Stores what the registry knows of a run, unless it is there.
    public static void keep(ObjectStore store, Runs registry, String runId) {
        Runs.Run run = registry.find(runId).orElseThrow(() -> missing(runId));
        RunRecord record =
                new RunRecord(
                        VERSION,
                        runId,
                        run.name(),
                        run.planJson(),
                        run.submitted(),
                        run.owner(),
                        registry.stages(runId).stream()
                                .map(
                                        stage ->
                                                new Runs.NewStage(
                                                        stage.stageId(),
                                                        stage.type(),
                                                        stage.totalSteps()))
                                .toList());
        store.putIfAbsent(key(runId), Json.write(record).getBytes(StandardCharsets.UTF_8));
    }

    /// @return empty where there is none
    /// @throws TanrenException `OBJECT_CORRUPT`
    static Optional<RunRecord> read(ObjectStore store, String runId) {
        String key = key(runId);
        try {
            String json = new String(store.get(key), StandardCharsets.UTF_8);
            RunRecord record = Json.read(json, RunRecord.class);
            if (!record.runId().equals(runId)) {
                throw new IllegalArgumentException("it is of run " + record.runId());
            }
            return Optional.of(record);
        } catch (IllegalArgumentException | NullPointerException e) {
            throw new TanrenException(
                    ErrorCode.OBJECT_CORRUPT,
                    "the record of the run cannot be read: " + e.getMessage(),
                    key,
                    "Restore the object, or remove it: the run's checkpoints stay.");
        } catch (TanrenException e) {
            if (e.code() == ErrorCode.OBJECT_MISSING) {
                return Optional.empty();
            }
            throw e;
        }
    }

    Runs.NewRun newRun() {
        return new Runs.NewRun(runId, name, planJson, submitted, owner, stages);
    }

    private static TanrenException missing(String runId) {
        return new TanrenException(
                ErrorCode.NOT_FOUND,
                "the registry does not know the run",
                "run/" + runId,
                "submit it, or rebuild the registry with `./tanren checkpoint rebuild`");
    }
}
