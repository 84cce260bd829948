package dev.tanren.trainer.data;

import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.tokens.PackedBlocks;
import dev.tanren.trainer.model.MicroBatch;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/// The samples of one optimizer step over all ranks. Knows how many targets they have without
/// reading their tokens, which only [#microBatch(int)] does.
public final class GlobalBatch {

    /// One packed block of a source.
    record Sample(BlockSource source, int block) {
        String id() {
            return source.id(block);
        }
    }

    private final long step;
    private final int sequenceLength;
    private final int microBatchSize;
    private final List<Sample> samples;

    GlobalBatch(long step, int sequenceLength, int microBatchSize, List<Sample> samples) {
        this.step = step;
        this.sequenceLength = sequenceLength;
        this.microBatchSize = microBatchSize;
        this.samples = List.copyOf(samples);
    }

    public long step() {
        return step;
    }

    public int sequenceLength() {
        return sequenceLength;
    }

    /// Micro-batches of the whole step, over all ranks.
    public int microBatches() {
        return samples.size() / microBatchSize;
    }

    /// Target tokens of the whole step; at least 1.
    public long targets() {
        return targets(samples);
    }

    /// Target tokens of one micro-batch.
    public long targets(int microBatch) {
        return targets(samplesOf(microBatch));
    }

    private static long targets(List<Sample> samples) {
        long targets = 0;
        for (Sample sample : samples) {
            targets += sample.source().blocks().targets(sample.block());
        }
        return targets;
    }

    /// Names of the samples in their order, such as `code@gold/128#57`.
    public List<String> sampleIds() {
        return samples.stream().map(Sample::id).toList();
    }

    /// Names of the samples of one micro-batch.
    public List<String> sampleIds(int microBatch) {
        return samplesOf(microBatch).stream().map(Sample::id).toList();
    }

    /// First 16 bytes of the SHA-256 over the sample ids, one a line; hexadecimal.
    public String hash() {
        Sha256 digest = new Sha256();
        for (Sample sample : samples) {
            digest.update(sample.id() + "\n");
        }
        return digest.hex().substring(0, 32);
    }

    /// Reads the tokens of a micro-batch.
    ///
    /// @param index in the whole step, 0 to [#microBatches()] - 1
    public MicroBatch microBatch(int index) {
        return join(
                samplesOf(index).stream()
                        .map(sample -> sample.source().read(sample.block()))
                        .toList(),
                sequenceLength);
    }

    private List<Sample> samplesOf(int microBatch) {
        Objects.checkIndex(microBatch, microBatches());
        return samples.subList(microBatch * microBatchSize, (microBatch + 1) * microBatchSize);
    }

    static MicroBatch join(List<PackedBlocks.Block> blocks, int sequenceLength) {
        int places = blocks.size() * sequenceLength;
        int[] tokens = new int[places];
        int[] targets = new int[places];
        int[] positions = new int[places];
        int[] documents = new int[places];
        for (int row = 0; row < blocks.size(); row++) {
            PackedBlocks.Block block = blocks.get(row);
            int at = row * sequenceLength;
            System.arraycopy(block.tokens(), 0, tokens, at, sequenceLength);
            System.arraycopy(block.targets(), 0, targets, at, sequenceLength);
            System.arraycopy(block.positions(), 0, positions, at, sequenceLength);
            System.arraycopy(block.documents(), 0, documents, at, sequenceLength);
        }
        return new MicroBatch(blocks.size(), sequenceLength, tokens, targets, positions, documents);
    }

    @Override
    public String toString() {
        return "step " + step + " of " + samples.size() + " samples " + Arrays.asList(hash());
    }
}
