package dev.tanren.trainer.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TreeReductionTest {

    private static final int ELEMENTS = 1001;

    @ParameterizedTest
    @ValueSource(ints = {2, 6, 8, 10, 12, 14, 24, 40})
    void everyPowerOfTwoOfRanksThatDividesTheMicroBatchesGivesTheSameBits(int microBatches)
            throws Exception {
        float[] alone = reduce(1, microBatches, ELEMENTS).getFirst();
        for (int ranks = 2; microBatches % ranks == 0; ranks *= 2) {
            for (float[] sum : reduce(ranks, microBatches, ELEMENTS)) {
                assertThat(sum).isEqualTo(alone);
            }
        }
    }

    @Test
    void theTreeIsPairwiseWhileEvenAndFromLeftToRightThen() throws Exception {
        float[] sum = reduce(1, 12, ELEMENTS).getFirst();
        float[][] leaves = new float[12][];
        for (int leaf = 0; leaf < 12; leaf++) {
            leaves[leaf] = leaf(leaf, ELEMENTS);
        }
        for (int i = 0; i < ELEMENTS; i++) {
            float[] triples = new float[4];
            for (int triple = 0; triple < 4; triple++) {
                triples[triple] =
                        leaves[3 * triple][i]
                                + leaves[3 * triple + 1][i]
                                + leaves[3 * triple + 2][i];
            }
            assertThat(sum[i]).isEqualTo((triples[0] + triples[1]) + (triples[2] + triples[3]));
        }
    }

    @Test
    void upToTheElasticityAllNumbersOfRanksHaveTheSumOfRunsFromLeftToRight() throws Exception {
        float[] alone = reduce(1, 12, ELEMENTS, 2).getFirst();
        for (float[] sum : reduce(2, 12, ELEMENTS, 2)) {
            assertThat(sum).isEqualTo(alone);
        }
        assertThat(reduce(4, 12, ELEMENTS, 2).getFirst()).isNotEqualTo(alone);
        float[] halves = new float[2];
        for (int leaf = 0; leaf < 12; leaf++) {
            halves[leaf / 6] += leaf(leaf, ELEMENTS)[0];
        }
        assertThat(alone[0]).isEqualTo(halves[0] + halves[1]);
    }

    @Test
    void buffersLargerThanAMessageAreSummedInChunks() throws Exception {
        int elements = (int) (2 * TreeReduction.CHUNK) + 4321;
        float[] alone = reduce(1, 4, elements).getFirst();
        for (float[] sum : reduce(4, 4, elements)) {
            assertThat(sum).isEqualTo(alone);
        }
    }

    @Test
    void aBufferSmallerThanTheRanksIsSummedToo() throws Exception {
        assertThat(reduce(4, 4, 1)).containsOnly(reduce(1, 4, 1).getFirst());
    }

    @Test
    void numbersSetByOneRankEachArriveExactlyEverywhere() throws Exception {
        List<double[]> sums =
                onRanks(
                        4,
                        reduction -> {
                            double[] values = new double[4];
                            values[reduction.rank()] = 0.1 * (reduction.rank() + 1);
                            return reduction.tree().sum(values);
                        });
        assertThat(sums).containsOnly(new double[] {0.1, 0.2, 0.1 * 3, 0.4});
    }

    @Test
    void threeRanksAreRefused() {
        try (InProcessRanks ranks = new InProcessRanks(3)) {
            assertThatThrownBy(() -> new TreeReduction(ranks.group(0)))
                    .isInstanceOfSatisfying(
                            TanrenException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.RANK_LAUNCH));
        }
    }

    private record Rank(int rank, TreeReduction tree) {}

    private interface Work<T> {
        T run(Rank rank) throws Exception;
    }

    private static <T> List<T> onRanks(int count, Work<T> work) throws Exception {
        try (InProcessRanks ranks = new InProcessRanks(count);
                ExecutorService threads = Executors.newFixedThreadPool(count)) {
            List<Future<T>> futures = new ArrayList<>();
            for (int rank = 0; rank < count; rank++) {
                int own = rank;
                futures.add(
                        threads.submit(
                                () -> {
                                    try (TreeReduction tree = new TreeReduction(ranks.group(own))) {
                                        return work.run(new Rank(own, tree));
                                    }
                                }));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        }
    }

    private static List<float[]> reduce(int ranks, int microBatches, int elements)
            throws Exception {
        return reduce(ranks, microBatches, elements, 64);
    }

    private static List<float[]> reduce(int ranks, int microBatches, int elements, int elasticity)
            throws Exception {
        int share = microBatches / ranks;
        return onRanks(
                ranks,
                rank -> {
                    try (GradientTree gradients = new GradientTree(elements)) {
                        gradients.begin(share, Math.max(1, elasticity / ranks));
                        for (int index = 0; index < share; index++) {
                            float[] leaf = leaf(rank.rank() * share + index, elements);
                            add(leaf, gradients.buffer(index));
                            gradients.done(index);
                        }
                        FlatBuffer sum = gradients.sum();
                        rank.tree().sum(sum);
                        return sum.segment().toArray(ValueLayout.JAVA_FLOAT);
                    }
                });
    }

    private static float[] leaf(int index, int elements) {
        SplittableRandom random = new SplittableRandom(index);
        float[] values = new float[elements];
        for (int i = 0; i < elements; i++) {
            values[i] = (float) (random.nextDouble() * Math.pow(10, random.nextInt(-4, 5)));
        }
        return values;
    }

    private static void add(float[] values, FlatBuffer into) {
        MemorySegment segment = into.segment();
        for (int i = 0; i < values.length; i++) {
            float sum = segment.getAtIndex(ValueLayout.JAVA_FLOAT, i) + values[i];
            segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, sum);
        }
    }
}
