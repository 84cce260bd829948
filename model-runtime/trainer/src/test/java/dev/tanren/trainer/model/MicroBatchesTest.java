package dev.tanren.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.TrainingStage;
import dev.tanren.trainer.distributed.GradientTree;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.decoder.DecoderEvaluation;
import dev.tanren.trainer.model.family.Decoders;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.tools.NativeRuntime;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What must be the same however tokens are cut into documents, rows and micro-batches.
class MicroBatchesTest {

    private static final Architecture ARCHITECTURE =
            new Architecture(
                    Architecture.Family.LLAMA, 61, 32, 2, 4, 2, 56, null, false, 1e4, 1e-5, 128);

    private Decoder decoder = Decoders.create(ARCHITECTURE);
    private FlatBuffer weights = FlatBuffer.allocate(decoder.layout());
    private FlatBuffer gradients = FlatBuffer.allocate(decoder.layout());
    private final DecoderUses uses = new DecoderUses(decoder, gradients);

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @BeforeEach
    void giveWeights() {
        Initialisation.random(decoder.layout(), weights, 5);
        decoder.parameters().useWeights(weights);
    }

    @AfterEach
    void free() {
        decoder.close();
        gradients.close();
        weights.close();
    }

    @Test
    void packedDocumentsHaveTheLogitsAndGradientsOfSeparateOnes() {
        int[][] documents = {document(1, 9), document(2, 5), document(3, 1), document(4, 12)};
        MicroBatch packed = packed(32, documents);

        try (Tensor logits = uses.logits(packed)) {
            double[] together = Numbers.of(logits);
            int at = 0;
            for (int[] document : documents) {
                try (Tensor own = uses.logits(MicroBatch.ofRows(new int[][] {document}))) {
                    double[] alone = Numbers.of(own);
                    double[] part = Arrays.copyOfRange(together, at, at + alone.length);
                    assertThat(Numbers.relativeMaximum(part, alone)).isLessThan(1e-6);
                    at += alone.length;
                }
            }
        }
        double inverse = 1.0 / packed.countedTargets();
        double packedLoss = uses.train(packed, inverse);
        double[] packedGradient = Numbers.of(gradients);
        gradients.zero();
        double separateLoss = 0;
        for (int[] document : documents) {
            MicroBatch alone = MicroBatch.ofRows(new int[][] {document});
            separateLoss += uses.train(alone, inverse);
        }
        assertThat(packedLoss).isCloseTo(separateLoss, within(1e-5));
        assertThat(Numbers.relativeNorm(packedGradient, Numbers.of(gradients))).isLessThan(1e-6);
    }

    @Test
    void paddingChangesNothing() {
        int[] document = document(7, 11);
        MicroBatch alone = MicroBatch.ofRows(new int[][] {document});
        double expected = uses.train(alone, 0.1);
        double[] expectedGradient = Numbers.of(gradients);
        gradients.zero();

        double padded = uses.train(packed(20, new int[][] {document}), 0.1);

        assertThat(padded).isCloseTo(expected, within(1e-5));
        assertThat(Numbers.relativeNorm(Numbers.of(gradients), expectedGradient)).isLessThan(1e-6);
    }

    @Test
    void raggedMicroBatchesAddUpToTheWholeBatch() {
        int[][] rows = {document(1, 24), document(2, 24), document(3, 24), document(4, 24)};
        MicroBatch whole = ragged(MicroBatch.ofRows(rows), 3);
        double inverse = 1.0 / whole.countedTargets();
        double wholeLoss = uses.train(whole, inverse);
        double[] wholeGradient = Numbers.of(gradients);
        gradients.zero();

        double sum = 0;
        for (int from : new int[] {0, 3}) {
            sum += uses.train(rows(whole, from, from == 0 ? 3 : 4), inverse);
        }

        assertThat(sum).isCloseTo(wholeLoss, within(1e-4));
        assertThat(Numbers.relativeNorm(Numbers.of(gradients), wholeGradient)).isLessThan(1e-6);
    }

    /// The tree over a rank's micro-batches is a subtree of that over the whole step.
    @Test
    void raggedMicroBatchesHaveTheSameBitsHoweverRanksShareThem() {
        int[][] rows = new int[8][];
        for (int row = 0; row < rows.length; row++) {
            rows[row] = document(row + 1, 24);
        }
        MicroBatch whole = ragged(MicroBatch.ofRows(rows), 3);
        double inverse = 1.0 / whole.countedTargets();
        double[] alone = sum(whole, 0, 8, inverse);
        uses.train(whole, inverse);
        assertThat(Numbers.relativeNorm(alone, Numbers.of(gradients))).isLessThan(1e-6);

        double[] halves = added(sum(whole, 0, 4, inverse), sum(whole, 4, 8, inverse));
        assertThat(halves).isEqualTo(alone);
        double[] quarters =
                added(
                        added(sum(whole, 0, 2, inverse), sum(whole, 2, 4, inverse)),
                        added(sum(whole, 4, 6, inverse), sum(whole, 6, 8, inverse)));
        assertThat(quarters).isEqualTo(alone);
    }

    /// The gradient of rows `from` to `to`, one micro-batch each, as a rank sums it.
    private double[] sum(MicroBatch whole, int from, int to, double inverse) {
        try (GradientTree tree = new GradientTree(decoder.layout().elements())) {
            tree.begin(to - from, to - from);
            for (int leaf = 0; leaf < to - from; leaf++) {
                MicroBatch batch = rows(whole, from + leaf, from + leaf + 1);
                new DecoderUses(decoder, tree.buffer(leaf)).train(batch, inverse);
                tree.done(leaf);
            }
            return Numbers.of(tree.sum());
        }
    }

    /// As fp32 adds them.
    private static double[] added(double[] left, double[] right) {
        double[] sums = new double[left.length];
        for (int i = 0; i < sums.length; i++) {
            sums[i] = (float) left[i] + (float) right[i];
        }
        return sums;
    }

    @Test
    void theSameBatchGivesTheSameBits() {
        MicroBatch batch =
                ragged(MicroBatch.ofRows(new int[][] {document(1, 40), document(2, 40)}), 9);
        double loss = uses.train(batch, 0.02);
        double[] first = Numbers.of(gradients);
        for (int again = 0; again < 5; again++) {
            gradients.zero();
            assertThat(uses.train(batch, 0.02)).isEqualTo(loss);
            assertThat(Numbers.of(gradients)).isEqualTo(first);
        }
        assertThat(uses.lossSum(batch)).isEqualTo(loss);
    }

    @ParameterizedTest
    @EnumSource
    void recomputedActivationsGiveTheSameBits(TrainingStage.Activations policy) {
        MicroBatch batch = packed(48, new int[][] {document(1, 21), document(2, 6)});
        double loss = uses.train(batch, 0.02);
        double[] kept = Numbers.of(gradients);
        gradients.zero();

        for (int again = 0; again < 2; again++) {
            gradients.zero();
            assertThat(uses.train(batch, 0.02)).isEqualTo(loss);
            assertThat(Numbers.of(gradients)).isEqualTo(kept);
        }
    }

    @Test
    void gradientsGoWhereTheyAreSentFromThenOn() {
        MicroBatch batch = MicroBatch.ofRows(new int[][] {document(1, 16)});
        try (FlatBuffer other = FlatBuffer.allocate(decoder.layout())) {
            uses.train(batch, 0.1);
            new DecoderUses(decoder, other).train(batch, 0.1);
            assertThat(Numbers.of(other)).isEqualTo(Numbers.of(gradients));
        }
    }

    @Test
    void aTokenOutsideTheVocabularyIsRefused() {
        MicroBatch batch = MicroBatch.ofRows(new int[][] {{1, 61}});
        assertThatThrownBy(() -> uses.lossSum(batch))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("token 61 in a vocabulary of 61");
    }

    @Test
    void aDecoderWithoutWeightsSaysSo() {
        try (Decoder bare = Decoders.create(ARCHITECTURE)) {
            DecoderEvaluation evaluation = new DecoderEvaluation(bare);
            MicroBatch batch = MicroBatch.ofRows(new int[][] {{1, 2}});
            assertThatThrownBy(() -> evaluation.lossSum(batch))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("useWeights");
        }
    }

    private static int[] document(int seed, int length) {
        return new Random(seed).ints(length, 0, 61).toArray();
    }

    private static MicroBatch packed(int length, int[][] documents) {
        int[] tokens = new int[length];
        int[] targets = new int[length];
        int[] positions = new int[length];
        int[] numbers = new int[length];
        Arrays.fill(targets, MicroBatch.IGNORED);
        Arrays.fill(numbers, MicroBatch.PADDING);
        int at = 0;
        for (int number = 0; number < documents.length; number++) {
            for (int i = 0; i < documents[number].length; i++, at++) {
                tokens[at] = documents[number][i];
                positions[at] = i;
                numbers[at] = number;
                if (i + 1 < documents[number].length) {
                    targets[at] = documents[number][i + 1];
                }
            }
        }
        return new MicroBatch(1, length, tokens, targets, positions, numbers);
    }

    /// Ignores targets, more of them in later rows.
    private static MicroBatch ragged(MicroBatch batch, int seed) {
        Random random = new Random(seed);
        int[] targets = batch.targets().clone();
        for (int i = 0; i < targets.length; i++) {
            int row = i / batch.sequenceLength();
            if (random.nextInt(batch.sequences() + 1) < row) {
                targets[i] = MicroBatch.IGNORED;
            }
        }
        return Targets.of(batch, targets);
    }

    private static MicroBatch rows(MicroBatch batch, int from, int to) {
        int length = batch.sequenceLength();
        int[] places = IntStream.range(from * length, to * length).toArray();
        return new MicroBatch(
                to - from,
                length,
                pick(batch.tokens(), places),
                pick(batch.targets(), places),
                pick(batch.positions(), places),
                pick(batch.documents(), places));
    }

    private static int[] pick(int[] values, int[] places) {
        return Arrays.stream(places).map(i -> values[i]).toArray();
    }
}
