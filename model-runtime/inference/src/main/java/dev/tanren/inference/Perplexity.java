package dev.tanren.inference;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.tanren.launch.Report;
import dev.tanren.storage.tokens.PackedBlocks;
import java.util.ArrayList;
import java.util.List;

/// Mean cross-entropy of a model over blocks, in double precision from the logits on.
public final class Perplexity {

    /// Values of the widest tensor of a batch, which are doubles.
    private static final long BATCH_VALUES = 16L << 20;

    private static final int MAXIMUM_BATCH = 16;

    private Perplexity() {}

    /// Measures the first blocks.
    ///
    /// @param packed one block or more
    /// @param blocks how many at most
    /// @param vocabSize of the dataset, to choose how many blocks go at once
    public static Report.Evaluation measure(
            LanguageModel model, PackedBlocks packed, int blocks, int vocabSize) {
        int count = Math.min(blocks, packed.count());
        long blockValues = (long) packed.sequenceLength() * Math.max(1, vocabSize);
        int batch = Math.clamp(BATCH_VALUES / blockValues, 1, MAXIMUM_BATCH);
        double sum = 0;
        long targets = 0;
        for (int from = 0; from < count; from += batch) {
            List<PackedBlocks.Block> part = new ArrayList<>();
            for (int block = from; block < Math.min(count, from + batch); block++) {
                part.add(packed.block(block));
                targets += packed.targets(block);
            }
            sum += crossEntropy(model, part);
        }
        double loss = sum / targets;
        return new Report.Evaluation(loss, Math.exp(loss), targets);
    }

    /// Sum over all targets, in nats.
    private static double crossEntropy(LanguageModel model, List<PackedBlocks.Block> blocks) {
        try (NDManager scope = model.scope()) {
            NDArray logits_BTV = model.logits(scope, blocks).toType(DataType.FLOAT64, false);
            NDArray logProbabilities_BTV = logits_BTV.logSoftmax(-1);
            NDArray targets_BT = LanguageModel.tensor(scope, blocks, PackedBlocks.Block::targets);
            NDArray known_BT = targets_BT.gte(0);
            NDArray chosen_BT =
                    logProbabilities_BTV
                            .gather(targets_BT.maximum(0).expandDims(-1), -1)
                            .squeeze(-1);
            return -chosen_BT.mul(known_BT.toType(DataType.FLOAT64, false)).sum().getDouble();
        }
    }
}
