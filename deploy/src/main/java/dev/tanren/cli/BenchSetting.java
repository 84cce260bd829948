package dev.tanren.cli;

import java.util.List;

/// Settings of a plan that memory and speed of a rank depend on.
///
/// @param microBatches that are accumulated in a step
record BenchSetting(
        String model,
        int microBatch,
        int sequenceLength,
        String activations,
        int microBatches,
        boolean evaluation) {

    private static final String TINY =
            "family: llama, vocabSize: 8192, hiddenSize: 256, layers: 4, heads: 8, keyValueHeads: 4, "
                    + "intermediateSize: 688, tieWordEmbeddings: false";
    private static final String SMALL =
            "family: llama, vocabSize: 16384, hiddenSize: 512, layers: 8, heads: 8, keyValueHeads: 4, "
                    + "intermediateSize: 1376, tieWordEmbeddings: false";
    private static final String SMOLLM2_135M =
            "family: llama, vocabSize: 49152, hiddenSize: 576, layers: 30, heads: 9, keyValueHeads: 3, "
                    + "intermediateSize: 1536, tieWordEmbeddings: true";

    private static final String GPT2 =
            "family: gpt2, vocabSize: 16384, hiddenSize: 512, layers: 8, heads: 8, "
                    + "intermediateSize: 2048";

    /// The settings of [BenchMemoryCommand]. Each kind of memory is the largest in one of them.
    static final List<BenchSetting> GRID =
            List.of(
                    new BenchSetting("tiny", 8, 256, "none", 1, false),
                    new BenchSetting("tiny", 8, 256, "full", 1, false),
                    new BenchSetting("tiny", 32, 256, "none", 1, true),
                    new BenchSetting("tiny", 32, 256, "selective", 1, false),
                    new BenchSetting("tiny", 4, 1024, "none", 4, false),
                    new BenchSetting("small", 4, 512, "none", 1, false),
                    new BenchSetting("small", 4, 512, "selective", 1, true),
                    new BenchSetting("small", 4, 512, "full", 1, false),
                    new BenchSetting("small", 1, 512, "none", 8, false),
                    new BenchSetting("small", 1, 2048, "full", 2, false),
                    new BenchSetting("smollm2-135m", 1, 512, "none", 1, false),
                    new BenchSetting("smollm2-135m", 1, 512, "full", 2, false),
                    new BenchSetting("gpt2", 4, 512, "none", 1, false),
                    new BenchSetting("gpt2", 4, 512, "full", 1, false));

    static List<String> models() {
        return GRID.stream().map(BenchSetting::model).distinct().toList();
    }

    /// A plan with these settings, on one rank, which saves while it trains its last step.
    String plan(int threads, int steps) {
        return """
               apiVersion: tanren.dev/v1
               name: bench
               model:
                 architecture: {maximumPositions: 4096, %s}
               datasets:
                 ids: {sources: [{uri: "file:./train.bin", format: tokens-u16}]}
               stages:
                 - id: stage
                   type: pretrain
                   optimizer: {learningRate: 3e-4}
                   activations: %s
                   globalBatchTokens: %d
                   microBatch: %d
                   threadsPerRank: %d
                   phases: [{id: only, sequenceLength: %d, tokens: %d, mix: {ids: 1}}]
                   checkpoint: {everySteps: %d, keep: 1}
               """
                        .formatted(
                                architecture(),
                                activations,
                                tokens(),
                                microBatch,
                                threads,
                                sequenceLength,
                                tokens() * steps,
                                Math.max(1, steps - 1))
                + (evaluation ? "    evaluation: {datasets: [ids]}\n" : "");
    }

    /// Of one step.
    int tokens() {
        return places() * microBatches;
    }

    /// Of a micro-batch.
    int places() {
        return microBatch * sequenceLength;
    }

    private String architecture() {
        return switch (model) {
            case "tiny" -> TINY;
            case "small" -> SMALL;
            case "smollm2-135m" -> SMOLLM2_135M;
            case "gpt2" -> GPT2;
            default -> throw new IllegalStateException("no benchmark model " + model);
        };
    }

    @Override
    public String toString() {
        return model + " " + microBatch + "×" + sequenceLength;
    }
}
