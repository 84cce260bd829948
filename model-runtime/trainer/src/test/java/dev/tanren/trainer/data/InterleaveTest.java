package dev.tanren.trainer.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class InterleaveTest {

    @Test
    void everySourceHasItsExactShareOfAWindow() {
        Interleave mix = new Interleave(List.of(0.7, 0.25, 0.05));
        assertThat(mix.drawn(0, Interleave.WINDOW)).isEqualTo(700);
        assertThat(mix.drawn(1, Interleave.WINDOW)).isEqualTo(250);
        assertThat(mix.drawn(2, Interleave.WINDOW)).isEqualTo(50);
    }

    @Test
    void noSourceIsEverFarFromItsShare() {
        List<Double> weights = List.of(0.7, 0.25, 0.05);
        Interleave mix = new Interleave(weights);
        for (int samples = 0; samples < 2 * Interleave.WINDOW; samples++) {
            for (int source = 0; source < weights.size(); source++) {
                assertThat(mix.drawn(source, samples) - weights.get(source) * samples)
                        .isBetween(-2.0, 2.0);
            }
        }
    }

    @Test
    void theOrdinalCountsTheSamplesOfItsSource() {
        Interleave mix = new Interleave(List.of(0.34, 0.33, 0.33));
        long[] seen = new long[3];
        for (long sample = 0; sample < 2500; sample++) {
            int source = mix.source(sample);
            assertThat(mix.drawn(source, sample)).isEqualTo(seen[source]);
            assertThat(mix.ordinal(sample)).isEqualTo(seen[source]++);
        }
    }

    @Test
    void evenATinyWeightIsSeen() {
        Interleave mix = new Interleave(List.of(0.99999, 0.00001));
        assertThat(mix.drawn(1, Interleave.WINDOW)).isEqualTo(1);
        assertThat(mix.drawn(0, Interleave.WINDOW)).isEqualTo(999);
    }
}
