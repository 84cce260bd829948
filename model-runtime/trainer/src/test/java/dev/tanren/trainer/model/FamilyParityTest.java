package dev.tanren.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.TrainingStage;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.tools.NativeRuntime;
import java.util.Arrays;
import java.util.Random;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every family compared with transformers and PyTorch: scaled rotary frequencies, a window shorter
/// than the sequence, biases, norms of queries and keys, learned positions, tied and untied, stored
/// in fp32, bf16 and fp16, in one file and in several.
class FamilyParityTest {

    private static final int LENGTH = 31;

    @BeforeEach
    void loadNatives() {
        NativeRuntime.configure(2);
    }

    @AfterEach
    void twoThreadsAgain() {
        ComputeThreads.configure(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama-llama3-rope",
                "llama-linear-rope",
                "mistral-window",
                "qwen2",
                "qwen3",
                "phi3",
                "gpt2",
                "gpt2-untied",
                "qwen2-window",
                "llama-own-head",
                "gpt2-own-head"
            })
    void logitsAreThoseOfTransformers(String name) {
        try (Fixture fixture = Fixture.family(name);
                Tensor logits = fixture.uses.logits(fixture.batch(0))) {
            double[] expected = fixture.numbers("logits");
            double[] actual = Numbers.of(logits);
            int vocabulary = fixture.decoder.architecture().vocabSize();
            assertThat(Numbers.relativeMaximum(actual, expected)).isLessThan(1e-5);
            assertThat(Numbers.meanDivergence(actual, expected, vocabulary)).isLessThan(1e-9);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama-llama3-rope",
                "llama-linear-rope",
                "mistral-window",
                "qwen2",
                "qwen3",
                "phi3",
                "gpt2",
                "gpt2-untied",
                "qwen2-window",
                "llama-own-head",
                "gpt2-own-head"
            })
    void everyGradientIsThatOfPyTorch(String name) {
        try (Fixture fixture = Fixture.family(name)) {
            MicroBatch batch = fixture.batch(0);
            fixture.uses.train(batch, 1.0 / batch.countedTargets());
            GradientParity.assertThoseOfPyTorch(fixture, fixture.gradients);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"llama-llama3-rope", "mistral-window", "qwen2", "qwen3", "phi3", "gpt2"})
    void packedDocumentsHaveTheLogitsAndGradientsOfSeparateOnes(String name) {
        try (Fixture fixture = Fixture.family(name)) {
            int vocabulary = fixture.decoder.architecture().vocabSize();
            int[][] documents = {
                document(1, 13, vocabulary), document(2, 4, vocabulary), document(3, 14, vocabulary)
            };
            MicroBatch packed = packed(documents);
            double inverse = 1.0 / packed.countedTargets();
            double together = fixture.uses.train(packed, inverse);
            double[] gradient = Numbers.of(fixture.gradients);
            fixture.gradients.zero();
            double separate = 0;
            int at = 0;
            try (Tensor all = fixture.uses.logits(packed)) {
                double[] logits = Numbers.of(all);
                for (int[] document : documents) {
                    MicroBatch own = MicroBatch.ofRows(new int[][] {document});
                    try (Tensor alone = fixture.uses.logits(own)) {
                        double[] expected = Numbers.of(alone);
                        double[] part = Arrays.copyOfRange(logits, at, at + expected.length);
                        assertThat(Numbers.relativeMaximum(part, expected)).isLessThan(1e-6);
                        at += expected.length;
                    }
                    separate += fixture.uses.train(own, inverse);
                }
            }
            assertThat(together).isCloseTo(separate, within(1e-4));
            assertThat(Numbers.relativeNorm(gradient, Numbers.of(fixture.gradients)))
                    .isLessThan(2e-6);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mistral-window", "qwen2", "qwen3", "phi3", "gpt2"})
    void gradientsDoNotDependOnTheThreadsOfJavasOwnLoops(String name) {
        try (Fixture fixture = Fixture.family(name)) {
            int vocabulary = fixture.decoder.architecture().vocabSize();
            int[][] rows = new int[9][];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = document(i, LENGTH, vocabulary);
            }
            MicroBatch batch = MicroBatch.ofRows(rows);
            double two = fixture.uses.train(batch, 0.01);
            double[] gradient = Numbers.of(fixture.gradients);
            fixture.gradients.zero();
            ComputeThreads.configure(1);
            assertThat(fixture.uses.train(batch, 0.01)).isEqualTo(two);
            assertThat(Numbers.of(fixture.gradients)).isEqualTo(gradient);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mistral-window", "qwen2", "qwen3", "phi3", "gpt2"})
    void recomputedActivationsGiveTheSameBits(String name) {
        try (Fixture fixture = Fixture.family(name)) {
            MicroBatch batch = fixture.batch(0);
            double loss = fixture.uses.train(batch, 0.02);
            double[] gradient = Numbers.of(fixture.gradients);
            for (TrainingStage.Activations policy : TrainingStage.Activations.values()) {
                fixture.gradients.zero();
                assertThat(fixture.uses.train(batch, 0.02)).as("%s", policy).isEqualTo(loss);
                assertThat(Numbers.of(fixture.gradients)).as("%s", policy).isEqualTo(gradient);
            }
        }
    }

    @Test
    void aPositionThatWasNotLearnedIsRefused() {
        try (Fixture fixture = Fixture.family("gpt2")) {
            int longest = fixture.decoder.architecture().maximumPositions();
            MicroBatch tooLong = MicroBatch.ofRows(new int[][] {new int[longest + 1]});
            assertThatThrownBy(() -> fixture.uses.lossSum(tooLong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("position 40 in a model of 40");
        }
    }

    private static int[] document(int seed, int length, int vocabulary) {
        return new Random(seed).ints(length, 0, vocabulary).toArray();
    }

    /// One row of all documents.
    private static MicroBatch packed(int[][] documents) {
        int[] tokens = new int[LENGTH];
        int[] targets = new int[LENGTH];
        int[] positions = new int[LENGTH];
        int[] numbers = new int[LENGTH];
        int at = 0;
        for (int number = 0; number < documents.length; number++) {
            int[] document = documents[number];
            for (int i = 0; i < document.length; i++, at++) {
                tokens[at] = document[i];
                positions[at] = i;
                numbers[at] = number;
                targets[at] = i + 1 < document.length ? document[i + 1] : MicroBatch.IGNORED;
            }
        }
        return new MicroBatch(1, LENGTH, tokens, targets, positions, numbers);
    }
}
