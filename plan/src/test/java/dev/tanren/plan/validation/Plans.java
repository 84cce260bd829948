package dev.tanren.plan.validation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Plans for tests.
final class Plans {

    static final Path DOCS = Path.of("..", "docs");

    /// The fewest keys that make a plan.
    static final String SMALLEST =
            """
            apiVersion: tanren.dev/v1
            name: smallest
            model:
              architecture: {family: llama, vocabSize: 64, hiddenSize: 32, layers: 2, heads: 4, intermediateSize: 48}
            datasets:
              ids: {sources: [{uri: "file:./train.bin", format: tokens-u16}]}
            stages:
              - id: base
                type: pretrain
                optimizer: {learningRate: 1e-3}
                globalBatchTokens: 256
                phases:
                  - {id: only, sequenceLength: 64, tokens: 1k, mix: {ids: 1}}
            """;

    private Plans() {}

    static String javaExpert() {
        try {
            return Files.readString(DOCS.resolve("examples/java-expert.yaml"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
