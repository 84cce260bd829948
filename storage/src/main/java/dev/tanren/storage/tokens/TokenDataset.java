package dev.tanren.storage.tokens;

import dev.tanren.plan.Dataset.Tier;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.tokens.internal.BlockPlans;
import dev.tanren.storage.tokens.internal.ConcatenatedDocuments;
import dev.tanren.storage.tokens.internal.ShardCache;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A prepared dataset, read through this node's cache. Shards are fetched when their set of
/// documents is first asked for.
public final class TokenDataset {

    /// Between the key prefix of a dataset and the names of its plans of blocks.
    public static final String BLOCKS = "/blocks/";

    private final DatasetManifest manifest;
    private final ShardCache cache;
    private final BlockPlans plans;

    private TokenDataset(DatasetManifest manifest, ShardCache cache, BlockPlans plans) {
        this.manifest = manifest;
        this.cache = cache;
        this.plans = plans;
    }

    /// Reads a dataset's manifest.
    ///
    /// @param cache folder shared by all processes of this node
    /// @throws TanrenException `OBJECT_MISSING`; `TOKEN_SHARD_CORRUPT` where the object is no
    ///     manifest of a version this build knows
    public static TokenDataset open(ObjectStore store, String manifestKey, Path cache) {
        return open(store, manifestKey, cache, () -> {});
    }

    /// @param sign called whenever a shard is there, or a part of a plan of blocks is made or
    ///     waited for
    public static TokenDataset open(
            ObjectStore store, String manifestKey, Path cache, Runnable sign) {
        return new TokenDataset(
                manifest(store, manifestKey),
                new ShardCache(store, cache, sign),
                new BlockPlans(store, manifestKey, cache, sign));
    }

    /// The manifest alone.
    ///
    /// @throws TanrenException as [#open]
    public static DatasetManifest manifest(ObjectStore store, String manifestKey) {
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
        return manifest;
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
        return documents(trainingShards(tier));
    }

    /// The blocks that those documents are cut into, by a plan that is made once for all.
    ///
    /// @param sequenceLength tokens of a block, at least 2
    /// @throws TanrenException as [#training]
    public PackedBlocks trainingBlocks(@Nullable Tier tier, int sequenceLength) {
        return blocks(trainingShards(tier), sequenceLength);
    }

    /// How many blocks they are. Reads no more than the plan's first bytes where it was made
    /// before.
    ///
    /// @throws TanrenException as [#training]
    public int trainingBlockCount(@Nullable Tier tier, int sequenceLength) {
        return plans.storedCount(request(trainingShards(tier), sequenceLength))
                .orElseGet(() -> trainingBlocks(tier, sequenceLength).count());
    }

    private List<DatasetManifest.Shard> trainingShards(@Nullable Tier tier) {
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
        return shards;
    }

    /// Documents kept out of training, in the order of their content's hash; there may be none.
    public Documents heldOut() {
        return documents(manifest.heldOut());
    }

    /// The blocks that held-out documents are cut into, as for training.
    public PackedBlocks heldOutBlocks(int sequenceLength) {
        return blocks(manifest.heldOut(), sequenceLength);
    }

    private PackedBlocks blocks(List<DatasetManifest.Shard> shards, int sequenceLength) {
        Documents documents = documents(shards);
        return new PackedBlocks(
                documents, plans.open(request(shards, sequenceLength), documents), sequenceLength);
    }

    private BlockPlans.Request request(List<DatasetManifest.Shard> shards, int sequenceLength) {
        return new BlockPlans.Request(shards, sequenceLength, manifest.documentBoundaries());
    }

    private Documents documents(List<DatasetManifest.Shard> shards) {
        return new ConcatenatedDocuments(
                shards.stream().map(cache::fetch).map(TokenShard::open).toList());
    }
}
