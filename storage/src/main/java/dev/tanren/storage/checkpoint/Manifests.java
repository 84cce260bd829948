package dev.tanren.storage.checkpoint;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.registry.Checkpoints.NewCheckpoint;
import java.nio.charset.StandardCharsets;

/// How a manifest becomes bytes and a row, and what must hold for one that was read.
final class Manifests {

    private Manifests() {}

    static byte[] bytes(CheckpointManifest manifest) {
        return Json.write(manifest).getBytes(StandardCharsets.UTF_8);
    }

    /// @throws TanrenException `OBJECT_CORRUPT` for text that is no manifest, one of another
    ///     version, or one whose weights' hash does not follow from its tensors
    static CheckpointManifest parse(String key, byte[] bytes) {
        CheckpointManifest manifest;
        try {
            manifest =
                    Json.read(new String(bytes, StandardCharsets.UTF_8), CheckpointManifest.class);
        } catch (IllegalArgumentException | NullPointerException e) {
            throw corrupt(key, "is not a checkpoint's manifest: " + e.getMessage());
        }
        if (manifest.version() != CheckpointManifest.VERSION) {
            throw corrupt(
                    key,
                    "has version " + manifest.version() + ", not " + CheckpointManifest.VERSION);
        }
        requireHash(key, manifest);
        return manifest;
    }

    static void requireHash(String key, CheckpointManifest manifest) {
        if (!StateHash.of(manifest.shards()).equals(manifest.weightsSha256())) {
            throw corrupt(key, "names weights whose hash is not the one it states");
        }
    }

    static NewCheckpoint row(CheckpointManifest manifest, String manifestKey) {
        return new NewCheckpoint(
                manifest.runId(),
                manifest.stageId(),
                manifest.phaseId(),
                manifest.step(),
                manifest.attempt(),
                manifest.fencingToken(),
                manifestKey,
                manifest.shards().stream().mapToLong(CheckpointManifest.Shard::bytes).sum(),
                manifest.weightsSha256(),
                manifest.loss());
    }

    /// Whether two manifests are of the same save: the time alone may differ.
    static boolean sameSave(CheckpointManifest one, CheckpointManifest other) {
        return one.fencingToken() == other.fencingToken()
                && one.step() == other.step()
                && one.shards().equals(other.shards())
                && one.trainedOn().equals(other.trainedOn())
                && one.state().equals(other.state());
    }

    static TanrenException corrupt(String key, String what) {
        return new TanrenException(
                ErrorCode.OBJECT_CORRUPT,
                "the manifest " + what,
                key,
                "The checkpoint before it is used; nothing is to be done unless none is left.");
    }
}
