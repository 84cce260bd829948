package dev.tanren.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.trainer.parameters.ParameterLayout;
import org.junit.jupiter.api.Test;

class BenchmarkModelTest {

    @Test
    void smolLm2HasItsPublishedNumberOfParameters() {
        assertThat(ParameterLayout.of(BenchmarkModel.SMOLLM2_135M.architecture).elements())
                .isEqualTo(134_515_008);
    }

    /// By hand: 6 · (4 · 724,992 + 8192 · 256) + 12 · 4 · 256 · 256.
    @Test
    void operationsOfATokenFollowTheConvention() {
        assertThat(BenchmarkModel.TINY.flopsPerToken()).isCloseTo(33_128_448, within(0.5));
    }
}
