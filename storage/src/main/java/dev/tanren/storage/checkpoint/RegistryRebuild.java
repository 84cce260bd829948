package dev.tanren.storage.checkpoint;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.RunVersion;
import dev.tanren.storage.checkpoint.CheckpointStore.Committed;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.registry.Attempts;
import dev.tanren.storage.registry.Registry;
import dev.tanren.storage.registry.Runs;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/// Puts back what the registry has lost, from the store alone.
///
/// Of each step the manifest with the highest fencing token counts; one whose shards are not all
/// there is passed over, and so is one that lies elsewhere than it says, or in a stage that the run
/// does not have: whoever may write below one run says nothing of another. A run that the registry
/// does not know is recorded from its `run.json` as failed, so that a retry goes on with it; its
/// events, metrics and audit are lost. New fencing tokens go on far above the highest that any
/// object has: whatever an attempt from before still saves, it is older than what begins from now
/// on. Idempotent.
public final class RegistryRebuild {

    /// Attempts from before may have had tokens that no object has, because they saved nothing yet.
    private static final long GAP = 1_000_000;

    /// No platform has begun so many attempts; a name that says so would take the numbers away that
    /// are left.
    private static final long MOST_TOKENS = 1_000_000_000_000_000L;

    private static final String RUNS = "runs/";

    private final ObjectStore store;
    private final Registry registry;
    private final CheckpointInspector inspector;

    public RegistryRebuild(ObjectStore store, Registry registry) {
        this.store = store;
        this.registry = registry;
        this.inspector = new CheckpointInspector(store, registry.checkpoints());
    }

    /// What was found and done.
    ///
    /// @param restoredRuns recorded anew
    /// @param checkpoints committed ones that the store has of all runs that were looked at
    /// @param atWork left as they are, because they have not ended
    /// @param withoutRecord left as they are, because nothing says what plan they had
    /// @param tokensAbove every new fencing token is higher
    public record Rebuilt(
            List<String> restoredRuns,
            long checkpoints,
            List<String> atWork,
            List<String> withoutRecord,
            long tokensAbove) {
        public Rebuilt {
            restoredRuns = List.copyOf(restoredRuns);
            atWork = List.copyOf(atWork);
            withoutRecord = List.copyOf(withoutRecord);
        }
    }

    /// @throws TanrenException `OBJECT_CORRUPT` where an object's name has a fencing token that was
    ///     never given
    public Rebuilt rebuild() {
        Map<String, List<String>> keys = keysByRun();
        long above = tokensAbove(keys.values());
        // First: from here on nothing that begins can be taken for older than what is there.
        registry.attempts().continueAbove(above);
        List<String> restored = new ArrayList<>();
        List<String> atWork = new ArrayList<>();
        List<String> withoutRecord = new ArrayList<>();
        long checkpoints = 0;
        keys.keySet().removeAll(registry.removals().deletedRuns());
        for (Map.Entry<String, List<String>> entry : keys.entrySet()) {
            String runId = entry.getKey();
            Optional<Runs.Run> known = registry.runs().find(runId);
            if (known.isPresent() && !known.get().status().terminal()) {
                atWork.add(runId);
                continue;
            }
            Map<String, Committed> newest = newestOfEachStep(entry.getValue());
            boolean anew = known.isEmpty() && !newest.isEmpty();
            Optional<RunRecord> record = anew ? record(runId) : Optional.empty();
            if (anew && record.isEmpty()) {
                withoutRecord.add(runId);
                continue;
            }
            Set<String> stages = stages(runId, record);
            newest.values().removeIf(found -> !stages.contains(found.manifest().stageId()));
            newest.values().forEach(this::restore);
            if (record.isPresent()) {
                recordRun(record.get());
                restored.add(runId);
            }
            // Last: what a stage without attempts has in the store is collected by nobody.
            newest.values().forEach(this::restoreAttempt);
            checkpoints += newest.size();
        }
        return new Rebuilt(restored, checkpoints, atWork, withoutRecord, above);
    }

    /// How many runs have checkpoints in the store while the registry knows of no run at all; 0
    /// where it knows of one.
    public long runsUnknownToAnEmptyRegistry() {
        if (!registry.runs().list(Runs.Filter.ALL, null, 1).isEmpty()) {
            return 0;
        }
        return keysByRun().values().stream()
                .filter(keys -> keys.stream().anyMatch(RegistryRebuild::isManifest))
                .count();
    }

    private Map<String, List<String>> keysByRun() {
        Map<String, List<String>> keys = new TreeMap<>();
        for (StoredObject object : store.list(RUNS)) {
            String rest = object.key().substring(RUNS.length());
            int slash = rest.indexOf('/');
            if (slash > 0) {
                keys.computeIfAbsent(rest.substring(0, slash), run -> new ArrayList<>())
                        .add(object.key());
            }
        }
        return keys;
    }

    /// One that cannot be read is none: the other runs are put back all the same.
    private Optional<RunRecord> record(String runId) {
        try {
            return RunRecord.read(store, runId);
        } catch (TanrenException e) {
            if (e.code() != ErrorCode.OBJECT_CORRUPT) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private Set<String> stages(String runId, Optional<RunRecord> record) {
        Set<String> stages = new HashSet<>();
        record.ifPresent(found -> found.stages().forEach(stage -> stages.add(stage.stageId())));
        registry.runs().stages(runId).forEach(stage -> stages.add(stage.stageId()));
        return stages;
    }

    private long tokensAbove(Collection<List<String>> keys) {
        long highest =
                Stream.concat(
                                store.incompleteUploads(RUNS).stream().map(upload -> upload.key()),
                                keys.stream().flatMap(Collection::stream))
                        .mapToLong(RegistryRebuild::token)
                        .max()
                        .orElse(0);
        return (highest / GAP + 1) * GAP;
    }

    private static long token(String key) {
        long token = CheckpointLayout.token(key).orElse(0);
        if (token >= MOST_TOKENS) {
            throw new TanrenException(
                    ErrorCode.OBJECT_CORRUPT,
                    "the name has the fencing token " + token + ", which was never given",
                    key,
                    "See who wrote it, remove it, and rebuild again; nothing was changed.");
        }
        return token;
    }

    private Map<String, Committed> newestOfEachStep(List<String> keys) {
        Map<String, Committed> newest = new TreeMap<>();
        for (String key : keys) {
            if (isManifest(key)) {
                inspector
                        .manifest(key)
                        .filter(manifest -> lies(manifest, key))
                        .filter(this::complete)
                        .ifPresent(
                                manifest ->
                                        newest.merge(
                                                key.substring(0, key.lastIndexOf('/')),
                                                new Committed(key, manifest),
                                                RegistryRebuild::newer));
            }
        }
        return newest;
    }

    /// Whether a manifest is of the run, stage, step and attempt that its place is for.
    private static boolean lies(CheckpointManifest manifest, String key) {
        return key.equals(CheckpointLayout.committedKey(manifest))
                || (key.equals(
                                CheckpointLayout.manifestKey(
                                        manifest.runId(), manifest.stageId(), manifest.step()))
                        && manifest.fencingToken() < MOST_TOKENS);
    }

    private static boolean isManifest(String key) {
        return CheckpointLayout.isManifest(key) && CheckpointLayout.step(key).isPresent();
    }

    private boolean complete(CheckpointManifest manifest) {
        return manifest.shards().stream()
                .allMatch(
                        shard ->
                                store.find(shard.key())
                                        .filter(found -> found.bytes() == shard.bytes())
                                        .isPresent());
    }

    private static Committed newer(Committed one, Committed other) {
        long first = one.manifest().fencingToken();
        long second = other.manifest().fencingToken();
        // Of a manifest and its copy, the one whose key can hold no other.
        boolean copy = CheckpointLayout.token(one.manifestKey()).isEmpty();
        return first > second || (first == second && !copy) ? one : other;
    }

    private void recordRun(RunRecord record) {
        registry.runs().create(record.newRun());
        registry.runs()
                .project(
                        record.runId(),
                        RunVersion.beginning(1).next(),
                        RunState.FAILED,
                        "recorded anew from the object store; a retry goes on from its last"
                                + " checkpoint",
                        null);
    }

    private void restore(Committed found) {
        CheckpointManifest manifest = found.manifest();
        registry.inputs().fix(manifest.runId(), manifest.trainedOn());
        registry.checkpoints().restore(Manifests.row(manifest, found.manifestKey()));
    }

    private void restoreAttempt(Committed found) {
        CheckpointManifest manifest = found.manifest();
        registry.attempts()
                .restore(
                        new Attempts.KnownAttempt(
                                manifest.runId(),
                                manifest.stageId(),
                                manifest.phaseId(),
                                manifest.attempt(),
                                manifest.fencingToken(),
                                manifest.step()));
    }
}
