package dev.tanren.storage.collector;

import dev.tanren.storage.checkpoint.CheckpointStore;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.ObjectStore.IncompleteUpload;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Removals.StageOfRun;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.tokens.TokenDataset;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/// Collects what is left behind, by one rule for each kind:
///
/// - objects and uploads of a deleted run: always;
/// - of an ended run, what no checkpoint names and uploads in parts: after its stages are fenced,
///   so that an attempt that still runs somewhere can commit nothing any more;
/// - uploads in parts under `datasets/` and `models/`: while no run can be preparing any.
///
/// No rule asks a clock. What belongs to a run that the registry does not know stays: the registry
/// may have been lost. May run at any number of places at once, and again after it was killed.
public final class StoreCollector {

    private static final String RUNS = "runs/";
    private static final List<String> PREPARED = List.of("datasets/", "models/");

    private final ObjectStore store;
    private final Registry registry;
    private final CheckpointStore checkpoints;

    public StoreCollector(ObjectStore store, Registry registry, CheckpointStore checkpoints) {
        this.store = store;
        this.registry = registry;
        this.checkpoints = checkpoints;
    }

    /// What was removed.
    ///
    /// @param deletedRuns objects of runs that were deleted
    /// @param orphans objects of ended runs that no checkpoint named
    /// @param uploads in parts, given up
    public record Collected(long deletedRuns, long orphans, long uploads) {

        public boolean nothing() {
            return deletedRuns == 0 && orphans == 0 && uploads == 0;
        }
    }

    public Collected collect() {
        long ofDeleted = 0;
        Set<String> deleted = new HashSet<>(registry.removals().deletedRuns());
        for (String runId : deleted) {
            ofDeleted += removeObjects(runId);
        }
        long orphans = 0;
        long uploads = 0;
        for (StageOfRun stage : registry.removals().uncollected()) {
            CheckpointStore.Collected found = collect(stage);
            orphans += found.objects();
            uploads += found.uploads();
        }
        return new Collected(
                ofDeleted, orphans, uploads + giveUpOfRuns(deleted) + giveUpPrepared());
    }

    /// All objects of a run, and its uploads in parts.
    ///
    /// @return how many objects
    public long removeObjects(String runId) {
        String prefix = RUNS + runId + "/";
        store.incompleteUploads(prefix).forEach(store::abort);
        List<StoredObject> objects = store.list(prefix);
        objects.forEach(object -> store.delete(object.key()));
        return objects.size();
    }

    private CheckpointStore.Collected collect(StageOfRun stage) {
        // Empty where the run was tried again meanwhile: its next attempt collects.
        OptionalLong fence = registry.attempts().fence(stage.runId(), stage.stageId());
        return fence.isPresent()
                ? checkpoints.collect(
                        stage.runId(), stage.stageId(), Integer.MAX_VALUE, fence.getAsLong())
                : CheckpointStore.Collected.NOTHING;
    }

    /// The uploads come before the runs' states: one that begins later is not among them.
    private long giveUpOfRuns(Set<String> deleted) {
        Map<String, Boolean> ended = new HashMap<>();
        long givenUp = 0;
        for (IncompleteUpload upload : store.incompleteUploads(RUNS)) {
            String runId = upload.key().split("/", 3)[1];
            if (ended.computeIfAbsent(runId, id -> deleted.contains(id) || hasEnded(id))) {
                store.abort(upload);
                givenUp++;
            }
        }
        return givenUp;
    }

    private boolean hasEnded(String runId) {
        return registry.runs().find(runId).map(Run::status).filter(s -> s.terminal()).isPresent();
    }

    private long giveUpPrepared() {
        List<IncompleteUpload> uploads =
                PREPARED.stream()
                        .flatMap(prefix -> store.incompleteUploads(prefix).stream())
                        .filter(upload -> !ofARank(upload))
                        .toList();
        if (uploads.isEmpty() || registry.removals().mayPrepare()) {
            return 0;
        }
        uploads.forEach(store::abort);
        return uploads.size();
    }

    /// Plans of blocks are stored by ranks, of any run that is open.
    private boolean ofARank(IncompleteUpload upload) {
        return upload.key().contains(TokenDataset.BLOCKS)
                && !registry.runs().open(Duration.ZERO).isEmpty();
    }
}
