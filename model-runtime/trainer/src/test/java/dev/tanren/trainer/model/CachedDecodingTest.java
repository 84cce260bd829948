package dev.tanren.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.trainer.tools.NativeRuntime;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a cache of keys and values must leave unchanged: the logits, in every family.
class CachedDecodingTest {

    private static final String FAMILIES =
            """
            llama-llama3-rope, 1
            llama-llama3-rope, 11
            llama-linear-rope, 9
            mistral-window, 2
            mistral-window, 14
            qwen2, 7
            qwen3, 7
            gpt2, 5
            gpt2-untied, 10
            """;

    @BeforeEach
    void loadNatives() {
        NativeRuntime.configure(2);
    }

    @ParameterizedTest
    @CsvSource(textBlock = FAMILIES)
    void tokenByTokenTheLogitsAreThoseOfTheWholeSequence(String name, int prompt) {
        try (Fixture fixture = Fixture.family(name)) {
            int[] tokens = Arrays.copyOf(fixture.ints("tokens"), 31);
            double[] whole = logits(fixture, tokens);
            int vocabulary = fixture.decoder.architecture().vocabSize();
            try (KeyValueCache cache = fixture.uses.generation().newCache(tokens.length)) {
                for (int to = prompt; to <= tokens.length; to++) {
                    int[] next = Arrays.copyOfRange(tokens, cache.length(), to);
                    double[] made = wide(fixture.uses.generation().nextLogits(next, cache));
                    double[] row =
                            Arrays.copyOfRange(whole, (to - 1) * vocabulary, to * vocabulary);
                    assertThat(Numbers.relativeMaximum(made, row))
                            .as("place " + to)
                            .isLessThan(1e-5);
                }
                assertThat(cache.length()).isEqualTo(tokens.length);
            }
        }
    }

    @Test
    void twoSequencesWithACacheEachDoNotDisturbEachOther() {
        try (Fixture fixture = Fixture.family("qwen3");
                KeyValueCache first = fixture.uses.generation().newCache(4);
                KeyValueCache second = fixture.uses.generation().newCache(9)) {
            fixture.uses.generation().nextLogits(new int[] {3, 1, 4}, first);
            fixture.uses.generation().nextLogits(new int[] {9, 2, 6, 5}, second);
            double[] made = wide(fixture.uses.generation().nextLogits(new int[] {8}, first));
            double[] whole = logits(fixture, new int[] {3, 1, 4, 8});
            int vocabulary = made.length;
            assertThat(
                            Numbers.relativeMaximum(
                                    made,
                                    Arrays.copyOfRange(whole, 3 * vocabulary, 4 * vocabulary)))
                    .isLessThan(1e-5);
        }
    }

    @Test
    void aFullCacheAndSeveralFurtherTokensAreRefusedAndLeaveTheCacheAsItWas() {
        try (Fixture fixture = Fixture.family("qwen2");
                KeyValueCache cache = fixture.uses.generation().newCache(3)) {
            assertRefused(fixture, cache, 4);
            assertRefused(fixture, cache, 0);
            fixture.uses.generation().nextLogits(new int[] {1, 2}, cache);
            assertRefused(fixture, cache, 2);
            assertThatThrownBy(
                            () ->
                                    fixture.uses
                                            .generation()
                                            .nextLogits(new int[] {1_000_000}, cache))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(cache.length()).isEqualTo(2);
            fixture.uses.generation().nextLogits(new int[] {3}, cache);
            assertRefused(fixture, cache, 1);
            assertThatThrownBy(() -> fixture.uses.generation().newCache(0))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static void assertRefused(Fixture fixture, KeyValueCache cache, int tokens) {
        assertThatThrownBy(() -> fixture.uses.generation().nextLogits(new int[tokens], cache))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(tokens + " tokens after " + cache.length());
    }

    private static double[] logits(Fixture fixture, int[] tokens) {
        try (Tensor logits = fixture.uses.logits(MicroBatch.ofRows(new int[][] {tokens}))) {
            return Numbers.of(logits);
        }
    }

    private static double[] wide(float[] numbers) {
        return IntStream.range(0, numbers.length).mapToDouble(i -> numbers[i]).toArray();
    }
}
