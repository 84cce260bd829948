package dev.tanren.storage.tokens;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.Dataset.Tier;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.tokens.internal.ConcatenatedDocuments;
import dev.tanren.storage.tokens.internal.ShardCache;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A prepared dataset, read through this node's cache. Shards are fetched when their set of
/// documents is first asked for.
public final class TokenDataset {

    private final DatasetManifest manifest;
    private final ShardCache cache;

    private TokenDataset(DatasetManifest manifest, ShardCache cache) {
        this.manifest = manifest;
        this.cache = cache;
    }

    /// Reads a dataset's manifest.
    ///
    /// @param cache folder shared by all processes of this node
    /// @throws TanrenException `OBJECT_MISSING`; `TOKEN_SHARD_CORRUPT` where the object is no
    ///     manifest of a version this build knows
    public static TokenDataset open(ObjectStore store, String manifestKey, Path cache) {
        byte[] json = store.get(manifestKey);
        DatasetManifest manifest;
        try {
            manifest = Json.read(new String(json, StandardCharsets.UTF_8), DatasetManifest.class);
        } catch (IllegalArgumentException e) {
            throw unknown("is no dataset manifest: " + e.getMessage(), manifestKey);
        }
        if (manifest.version() != DatasetManifest.VERSION) {
            throw unknown(
                    "has version "
                            + manifest.version()
                            + ", this build reads "
                            + DatasetManifest.VERSION,
                    manifestKey);
        }
        return new TokenDataset(manifest, new ShardCache(store, cache));
    }

    private static TanrenException unknown(String what, String manifestKey) {
        return new TanrenException(
                ErrorCode.TOKEN_SHARD_CORRUPT,
                "the object " + what,
                manifestKey,
                "Remove it and run the plan again to prepare the dataset anew.");
    }

    public DatasetManifest manifest() {
        return manifest;
    }

    /// Documents to train on, best tier first.
    ///
    /// @param tier one tier alone, or null for all
    /// @throws TanrenException `DATASET_TOO_SMALL` where there is none; `TOKEN_SHARD_CORRUPT`,
    ///     `SCRATCH_FULL` and what the store throws
    public Documents training(@Nullable Tier tier) {
        List<DatasetManifest.Shard> shards =
                manifest.training().stream()
                        .filter(shard -> tier == null || shard.tier().equals(tier.key()))
                        .toList();
        if (shards.isEmpty()) {
            throw new TanrenException(
                    ErrorCode.DATASET_TOO_SMALL,
                    "no document to train on"
                            + (tier == null ? "" : " is in tier " + tier.key())
                            + "; tiers that have some: "
                            + manifest.training().stream()
                                    .map(DatasetManifest.Shard::tier)
                                    .distinct()
                                    .toList(),
                    "dataset " + manifest.name(),
                    "Name a tier that has documents, or give the dataset more sources.");
        }
        return documents(shards);
    }

    /// Documents kept out of training, in the order of their content's hash; there may be none.
    public Documents heldOut() {
        return documents(manifest.heldOut());
    }

    private Documents documents(List<DatasetManifest.Shard> shards) {
        return new ConcatenatedDocuments(
                shards.stream().map(cache::fetch).map(TokenShard::open).toList());
    }
}
