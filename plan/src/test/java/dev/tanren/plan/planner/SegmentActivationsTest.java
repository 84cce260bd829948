package dev.tanren.plan.planner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.TrainingStage.Activations;
import dev.tanren.plan.TrainingStage.Parallelism;
import org.junit.jupiter.api.Test;

/// Hidden 256, 8 query and 4 key heads of 32, intermediate 688, in fp32.
class SegmentActivationsTest {

    private static final Parallelism ONE = Parallelism.data(1);

    @Test
    void llamaKeepsGatesAndUpsAndOneFigureOfEachNorm() {
        double kept = of(Family.LLAMA, 4, false).keptByLayer();
        assertThat(kept).isEqualTo(4 * (4 * 256 + 3 * 256 + 2 * 128 + 2 * 688) + 4 * (8 + 2));
    }

    @Test
    void gpt2HasNoGateAndKeepsMeanAndDeviationOfEachNorm() {
        double kept = of(Family.GPT2, 8, false).keptByLayer();
        assertThat(kept).isEqualTo(4 * (4 * 256 + 3 * 256 + 2 * 256 + 688) + 4 * (8 + 4));
    }

    @Test
    void qwen3KeepsQueriesAndKeysAsTheyWereBeforeTheirNorms() {
        double plain = of(Family.QWEN2, 4, false).keptByLayer();
        assertThat(of(Family.QWEN3, 4, false).keptByLayer() - plain)
                .isEqualTo(4 * (256 + 128) + 4 * (8 + 4));
    }

    @Test
    void attentionThroughAWindowKeepsItsOutputTwice() {
        double plain = of(Family.MISTRAL, 4, false).keptByLayer();
        assertThat(of(Family.MISTRAL, 4, true).keptByLayer() - plain).isEqualTo(4 * 256);
    }

    private static SegmentActivations of(Family family, int keyValueHeads, boolean windowed) {
        Architecture shape =
                new Architecture(
                        family, 8192, 256, 4, 8, keyValueHeads, 688, 32, false, 10_000, 1e-5, 1024);
        return SegmentActivations.of(Activations.NONE, shape, ONE, Float.BYTES, windowed);
    }
}
