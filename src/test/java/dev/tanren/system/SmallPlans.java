package dev.tanren.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/// Plans that train a very small model on this repository's own text, in seconds.
final class SmallPlans {

    /// Of a run that does not end.
    static final long STEPS_BETWEEN_SAVES = 50;

    private SmallPlans() {}

    /// Code is the domain and prose the general data, as in the demo, with a two-phase curriculum.
    ///
    /// @param ranks data-parallel ranks, 1, 2 or 4
    static String curriculum(String name, int ranks) {
        Path root = EmbeddedStack.root();
        return """
                apiVersion: tanren.dev/v1
                name: %s
                seed: 17
                model:
                  architecture:
                    {family: llama, vocabSize: 4096, hiddenSize: 64, layers: 2, heads: 4, keyValueHeads: 2,
                     intermediateSize: 176, tieWordEmbeddings: true, maximumPositions: 256}
                  tokenizer: "file:%s/deploy/src/main/resources/corpus/tokenizer.json"
                datasets:
                  code:
                    sources: [{uri: "file:%s/plan/src/main/java", include: "**/*.java"}]
                    quality: {scorer: heuristic, tiers: 2}
                    holdout: 10%%
                  prose:
                    sources: [{uri: "file:%s/docs", include: "**/*.md"}]
                    holdout: 10%%
                stages:
                  - id: adapt
                    type: pretrain
                    optimizer: {type: adamw, learningRate: 3e-3, betas: [0.9, 0.95], weightDecay: 0.1, clipNorm: 1.0}
                    schedule: {type: warmup-stable-decay, warmup: 5%%, decay: 20%%, minimum: 10%%}
                    globalBatchTokens: 1Ki
                    microBatch: 2
                    threadsPerRank: 1
                    parallelism: {data: %d, elasticity: 4}
                    phases:
                      - {id: short, sequenceLength: 64, tokens: 60Ki, mix: {"code@gold": 0.75, prose: 0.25}}
                      - {id: long, sequenceLength: 128, tokens: 60Ki, mix: {code: 0.75, prose: 0.25}}
                    checkpoint: {everySteps: 10, keep: 3}
                    evaluation: {everySteps: 30, datasets: [code, prose], blocks: 4}
                """
                .formatted(name, root, root, root, ranks);
    }

    /// One phase of 8,192 steps, of which no test waits for the last: whatever happens to it, it
    /// happens while steps are left. All of its checkpoints are kept, for comparison.
    static String unending(String name) {
        return curriculum(name, 2)
                .replaceFirst("tokens: 60Ki", "tokens: 8Mi")
                .replaceFirst("(?m)^ *- \\{id: long.*\\R", "")
                .replace(
                        "checkpoint: {everySteps: 10, keep: 3}",
                        "checkpoint: {everySteps: %d, keep: 1000}".formatted(STEPS_BETWEEN_SAVES));
    }

    /// Two steps of many micro-batches on one thread, of about twenty seconds each.
    ///
    /// @param folder that plans may read, where its tokens are written
    static String slowSteps(Path folder) throws IOException {
        byte[] tokens = new byte[200_000];
        new Random(1).nextBytes(tokens);
        for (int high = 1; high < tokens.length; high += 2) {
            tokens[high] = 0;
        }
        Path file = Files.write(Files.createDirectories(folder).resolve("slow-steps.u16"), tokens);
        return """
                apiVersion: tanren.dev/v1
                name: slow-steps
                model:
                  architecture:
                    {family: llama, vocabSize: 320, hiddenSize: 256, layers: 4, heads: 4, intermediateSize: 768, maximumPositions: 512}
                datasets: {d: {sources: [{uri: "file:%s", format: tokens-u16}]}}
                stages:
                  - id: adapt
                    type: pretrain
                    optimizer: {learningRate: 1e-3}
                    globalBatchTokens: 40Ki
                    microBatch: 8
                    phases: [{id: p, sequenceLength: 256, tokens: 80Ki, mix: {d: 1}}]
                """
                .formatted(file);
    }

    /// The curriculum, published and measured in the second runtime.
    static String curriculumWithGate(String name, int ranks) {
        return curriculum(name, ranks)
                + """
                  - {id: release, type: export, of: adapt, formats: [huggingface, djl]}
                  - {id: gate, type: evaluate, of: release, require: {"code.perplexity": {below: 4000}}}
                """;
    }
}
