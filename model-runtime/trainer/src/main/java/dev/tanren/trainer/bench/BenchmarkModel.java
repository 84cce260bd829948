package dev.tanren.trainer.bench;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.Arrays;
import java.util.List;

/// The shapes that speed is measured on, the same as in `tools/peers/hf_trainer.py`.
enum BenchmarkModel {
    TINY("tiny", 8, 256, shape(8192, 256, 4, 8, 4, 688, false)),
    SMALL("small", 4, 512, shape(16384, 512, 8, 8, 4, 1376, false)),
    SMOLLM2_135M("smollm2-135m", 1, 512, shape(49152, 576, 30, 9, 3, 1536, true));

    final String key;
    final int sequences;
    final int sequenceLength;

    @SuppressWarnings("Immutable") // a record of numbers
    final Architecture architecture;

    BenchmarkModel(String key, int sequences, int sequenceLength, Architecture architecture) {
        this.key = key;
        this.sequences = sequences;
        this.sequenceLength = sequenceLength;
        this.architecture = architecture;
    }

    static BenchmarkModel named(String key) {
        List<String> keys = Arrays.stream(values()).map(model -> model.key).toList();
        return Arrays.stream(values())
                .filter(model -> model.key.equals(key))
                .findFirst()
                .orElseThrow(
                        () ->
                                new TanrenException(
                                        ErrorCode.USAGE,
                                        "there is no benchmark model `" + key + "`",
                                        "--model",
                                        "Take one of " + keys + "."));
    }

    /// Floating-point operations of forward and backward for one token: 6 for each weight of a
    /// matrix product, and attention as if it were not causal.
    double flopsPerToken() {
        Architecture a = architecture;
        double heads = (double) a.heads() * a.effectiveHeadSize();
        double keys = (double) a.keyValueHeads() * a.effectiveHeadSize();
        double layer =
                a.hiddenSize() * (2 * heads + 2 * keys)
                        + 3.0 * a.hiddenSize() * a.intermediateSize();
        double products = a.layers() * layer + (double) a.vocabSize() * a.hiddenSize();
        return 6 * products + 12.0 * a.layers() * heads * sequenceLength;
    }

    private static Architecture shape(
            int vocabulary,
            int hidden,
            int layers,
            int heads,
            int keyValueHeads,
            int intermediate,
            boolean tied) {
        return new Architecture(
                Family.LLAMA,
                vocabulary,
                hidden,
                layers,
                heads,
                keyValueHeads,
                intermediate,
                null,
                tied,
                10_000,
                1e-5,
                2048);
    }
}
