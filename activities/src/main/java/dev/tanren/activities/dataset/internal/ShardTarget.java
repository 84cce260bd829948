package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.source.Progress;
import dev.tanren.storage.objects.ObjectStore;
import java.nio.file.Path;

/// Where the shards of a dataset go.
///
/// @param scratch folder for what is not stored yet
/// @param contentHash of all that the dataset is made of; its objects lie below it
public record ShardTarget(ObjectStore store, Path scratch, String contentHash, Progress progress) {

    /// @param object the shards' name; a number follows
    ShardUpload upload(String object, String tier, int bytesPerToken) {
        return new ShardUpload(
                store,
                scratch,
                "datasets/" + contentHash + "/" + object,
                tier,
                bytesPerToken,
                progress);
    }
}
