package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.source.Progress;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.TokenShardWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Writes the documents of one tier as shards and stores them.
public final class ShardUpload {

    private final ObjectStore store;
    private final Path scratch;
    private final String keyPrefix;
    private final String tier;
    private final Progress progress;
    private final TokenShardWriter writer;
    private final List<DatasetManifest.Shard> shards = new ArrayList<>();

    /// @param keyPrefix of the shards' objects; a number follows
    /// @param scratch folder for the shard that is being stored
    public ShardUpload(
            ObjectStore store,
            Path scratch,
            String keyPrefix,
            String tier,
            int bytesPerToken,
            Progress progress) {
        this.store = store;
        this.scratch = scratch;
        this.keyPrefix = keyPrefix;
        this.tier = tier;
        this.progress = progress;
        this.writer = new TokenShardWriter(bytesPerToken);
    }

    public void add(int[] tokens, int from, int length) {
        if (!writer.takes(length)) {
            store();
        }
        writer.add(tokens, from, length);
    }

    /// Adds a document without holding it: one that fills a shard alone is written as its tokens
    /// come.
    public void add(int length, TokenShardWriter.Tokens tokens) {
        if (!writer.takes(length)) {
            store();
        }
        if (writer.takesAtOnce(length)) {
            writer.add(length, tokens);
        } else {
            store(file -> writer.writeAlone(file, length, tokens));
        }
    }

    public List<DatasetManifest.Shard> finish() {
        if (writer.documents() > 0) {
            store();
        }
        return shards;
    }

    private void store() {
        store(writer::write);
    }

    @FunctionalInterface
    private interface ShardFile {
        TokenShardWriter.Written write(Path file) throws IOException;
    }

    private void store(ShardFile shard) {
        String key = keyPrefix + String.format(Locale.ROOT, "-%05d.tokens", shards.size());
        Path file = scratch.resolve("shard.tokens");
        try {
            TokenShardWriter.Written written = shard.write(file);
            progress.at("storing", shards.size());
            store.put(key, file);
            Files.delete(file);
            shards.add(
                    new DatasetManifest.Shard(
                            key,
                            tier,
                            written.documents(),
                            written.tokens(),
                            written.bytes(),
                            written.sha256()));
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "a token shard cannot be written: " + e,
                    file.toString(),
                    "Free space there.",
                    e);
        }
    }
}
