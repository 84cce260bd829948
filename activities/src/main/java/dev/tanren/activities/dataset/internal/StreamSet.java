package dev.tanren.activities.dataset.internal;

import dev.tanren.plan.Dataset;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.storage.tokens.TokenShardWriter;
import java.util.List;

/// Prepares a dataset of ready tokens: its files are one stream, whose last `holdout` is held out.
public final class StreamSet {

    /// Pieces in which a stream is written; they carry no meaning.
    private static final int CHUNK_TOKENS = 1 << 20;

    private final ShardTarget target;

    public StreamSet(ShardTarget target) {
        this.target = target;
    }

    public DatasetManifest prepare(
            String name, Dataset dataset, List<SourceFile> files, int modelVocabSize) {
        long started = System.nanoTime();
        TokenStream stream = new TokenStream(files);
        long tokens = stream.tokens();
        long trained = tokens - (long) (tokens * dataset.holdout());
        if (trained < 2) {
            throw new TanrenException(
                    ErrorCode.SOURCE_EMPTY,
                    "its files hold "
                            + tokens
                            + " tokens, of which "
                            + trained
                            + " are to train on",
                    "dataset " + name,
                    "Give it files with more tokens.");
        }
        int vocabSize = stream.vocabSize(modelVocabSize);
        int bytesPerToken = TokenShardWriter.bytesPerToken(vocabSize);
        String tier = Dataset.Tier.GOLD.key();
        ShardUpload training = target.upload(tier, tier, bytesPerToken);
        ShardUpload heldOut = target.upload("heldout", tier, bytesPerToken);
        long[] done = {0};
        stream.read(
                CHUNK_TOKENS,
                (chunk, length, file, first) -> {
                    int toTrain = Math.clamp(trained - done[0], 0, length);
                    if (toTrain > 0) {
                        training.add(chunk, 0, toTrain);
                    }
                    if (toTrain < length) {
                        heldOut.add(chunk, toTrain, length - toTrain);
                    }
                    done[0] += length;
                    target.progress().at("copying", done[0]);
                });
        return new DatasetManifest(
                DatasetManifest.VERSION,
                name,
                target.contentHash(),
                vocabSize,
                false,
                training.finish(),
                heldOut.finish(),
                statistics(dataset, files, (System.nanoTime() - started) / 1e9));
    }

    private static DatasetManifest.Statistics statistics(
            Dataset dataset, List<SourceFile> files, double seconds) {
        SourceCounts[] counts = SourceCounts.of(dataset.sources().size());
        for (SourceFile file : files) {
            counts[file.source()].file(file.bytes());
            counts[file.source()].kept(TokenStream.tokens(file), false);
        }
        return SourceCounts.statistics(List.of(counts), dataset.sources(), seconds);
    }
}
