package dev.tanren.plan.planner.formula;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.TrainingStage.Activations;
import dev.tanren.plan.TrainingStage.Sharding;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The tables of the papers, to the digits that they print.
class PublishedFormulasTest {

    @ParameterizedTest
    @CsvSource({
        "1, 120, 120, 120",
        "4, 52.5, 41.3, 30.0",
        "16, 35.6, 21.6, 7.5",
        "64, 31.4, 16.6, 1.88",
        "256, 30.4, 15.4, 0.47",
        "1024, 30.1, 15.1, 0.12"
    })
    void shardsModelStatesOf7500MillionParametersAsTheZeroPaperSays(
            int ranks, String os, String osg, String osgp) {
        assertThat(7.5 * ZeroModelStates.MIXED.perParameter(Sharding.NONE, ranks)).isEqualTo(120);
        assertPrinted(7.5 * ZeroModelStates.MIXED.perParameter(Sharding.OPTIMIZER, ranks), os);
        assertPrinted(7.5 * ZeroModelStates.MIXED.perParameter(Sharding.GRADIENTS, ranks), osg);
        assertPrinted(7.5 * ZeroModelStates.MIXED.perParameter(Sharding.FULL, ranks), osgp);
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "8", "64"})
    void gradientsInFp32TakeEighteenBytesOrSixAndAShare(int ranks) {
        ZeroModelStates states = ZeroModelStates.MIXED_FP32_GRADIENTS;
        assertThat(states.perParameter(Sharding.NONE, ranks)).isEqualTo(18);
        assertThat(states.perParameter(Sharding.OPTIMIZER, ranks)).isEqualTo(6 + 12.0 / ranks);
        assertThat(states.perParameter(Sharding.FULL, ranks))
                .isCloseTo(18.0 / ranks, within(1e-12));
    }

    @ParameterizedTest
    @CsvSource({
        "22B, 48, 6144, 64, 4, 1, 1, 59.2, 39.6, 29.2, 9.6, 4.5",
        "175B, 96, 12288, 96, 1, 8, 3, 66.8, 41.4, 37.8, 12.4, 5.8",
        "530B, 105, 20480, 128, 1, 35, 3, 114, 66.5, 70.6, 23.1, 10.9",
        "1T, 128, 25600, 160, 1, 64, 1, 131, 76.6, 81.2, 26.6, 12.5"
    })
    void theFirstStageHoldsTheActivationsThatKorthikantiEtAlSay(
            String name,
            int layers,
            int hidden,
            int heads,
            int microBatch,
            int stages,
            int chunks,
            String tensor,
            String sequence,
            String selective,
            String both,
            String full) {
        TransformerActivations layer =
                new TransformerActivations(2048, microBatch, hidden, heads, 8);
        double gibibytes =
                TransformerActivations.firstStageLayers(layers, stages, chunks) / (1L << 30);
        assertPrinted(layer.tensorParallel() * gibibytes, tensor);
        assertPrinted(layer.tensorAndSequenceParallel() * gibibytes, sequence);
        assertPrinted(layer.tensorParallelSelective() * gibibytes, selective);
        assertPrinted(layer.tensorAndSequenceParallelSelective() * gibibytes, both);
        assertPrinted(layer.full() * gibibytes, full);
    }

    @Test
    void withoutParallelismALayerKeeps34BytesAndItsScores() {
        TransformerActivations one = new TransformerActivations(2048, 1, 6144, 64, 1);
        double stream = 2048.0 * 6144;
        assertThat(one.none()).isEqualTo(stream * (34 + 5.0 * 64 * 2048 / 6144));
        assertThat(one.tensorParallel()).isEqualTo(one.none());
        assertThat(one.tensorAndSequenceParallel()).isEqualTo(one.none());
    }

    @Test
    void interleavingMakesTheBubbleSmallerAndTheFirstStageLarger() {
        Pipeline pipeline = new Pipeline(8, 32);
        assertThat(pipeline.bubble()).isEqualTo(7.0 / 32);
        assertThat(pipeline.bubbleFraction()).isEqualTo(7.0 / 39);
        assertThat(pipeline.interleavedBubble(3)).isCloseTo(7.0 / 96, within(1e-12));
        assertThat(pipeline.zeroBubble()).isCloseTo(7.0 / 96, within(1e-12));
        assertThat(TransformerActivations.firstStageLayers(96, 8, 1)).isEqualTo(96);
        assertThat(TransformerActivations.firstStageLayers(96, 8, 3))
                .isCloseTo(96 * (1 + 7.0 / 24), within(1e-9));
    }

    @Test
    void ranksSendTwoOrThreeTimesTheParameters() {
        double ring = 7.0 / 8;
        assertThat(Communication.dataParallel(Sharding.NONE, 100, 8, 4)).isEqualTo(200 * ring);
        assertThat(Communication.dataParallel(Sharding.OPTIMIZER, 100, 8, 4)).isEqualTo(200 * ring);
        assertThat(Communication.dataParallel(Sharding.GRADIENTS, 100, 8, 4)).isEqualTo(200 * ring);
        assertThat(Communication.dataParallel(Sharding.FULL, 100, 8, 1)).isEqualTo(300 * ring);
        assertThat(Communication.dataParallel(Sharding.FULL, 100, 8, 4)).isEqualTo(900 * ring);
        assertThat(Communication.dataParallel(Sharding.FULL, 100, 1, 4)).isZero();
        assertThat(Communication.tensorParallel(2048, 4096, 2, 8))
                .isEqualTo(2 * 8 * 2048.0 * 4096 * 7 / 8);
        assertThat(Communication.ulysses(2048, 4096, 8)).isEqualTo(4 * 2048.0 * 4096 / 8);
        assertThat(Communication.ring(2048, 4096, 0.25, 8))
                .isEqualTo(2 * 0.25 * 2048 * 4096 * 7 / 8);
    }

    /// What torchtitan publishes of Llama 3.1 8B on 8 H100, at 8192 tokens a sequence.
    @ParameterizedTest
    @CsvSource({"5762, 33.7", "6667, 39.0"})
    void utilisationIsWhatTorchtitanPublishes(double tokensPerSecond, String percent) {
        double flopsPerToken = 57.914e9;
        double modelFlops = Utilisation.modelFlops(tokensPerSecond, flopsPerToken, 989e12);
        assertPrinted(100 * modelFlops, percent);
        assertThat(
                        Utilisation.hardwareFlops(
                                tokensPerSecond, flopsPerToken, 989e12, Activations.NONE))
                .isEqualTo(modelFlops);
        assertThat(
                        Utilisation.hardwareFlops(
                                tokensPerSecond, flopsPerToken, 989e12, Activations.FULL))
                .isCloseTo(modelFlops * 8 / 6, within(1e-12));
    }

    /// Half a unit of the last digit that is printed.
    private static void assertPrinted(double value, String printed) {
        int point = printed.indexOf('.');
        int digits = point < 0 ? 0 : printed.length() - point - 1;
        double half = 0.5 * Math.pow(10, -digits) * (1 + 1e-9);
        assertThat(value).isCloseTo(Double.parseDouble(printed), within(half));
    }
}
