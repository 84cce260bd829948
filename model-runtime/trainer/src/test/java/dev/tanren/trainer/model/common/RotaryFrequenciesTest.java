package dev.tanren.trainer.model.common;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.RopeScaling;
import org.junit.jupiter.api.Test;

class RotaryFrequenciesTest {

    /// With Llama 3.1's own numbers.
    @Test
    void longWavesAreStretchedAndShortOnesStay() {
        float[] plain = RotaryFrequencies.of(128, 5e5, null);
        float[] scaled = RotaryFrequencies.of(128, 5e5, new RopeScaling.Llama3(8, 1, 4, 8192));
        for (int i = 0; i < 64; i++) {
            double wavelength = 2 * Math.PI / plain[i];
            if (wavelength < 2048) {
                assertThat(scaled[i]).isEqualTo(plain[i]);
            } else if (wavelength > 8192) {
                assertThat(scaled[i]).isEqualTo(plain[i] / 8);
            } else {
                assertThat(scaled[i]).isBetween(plain[i] / 8, plain[i]);
            }
        }
        assertThat(scaled[63]).isLessThan(scaled[0]);
    }

    @Test
    void linearScalingDividesEveryPosition() {
        float[] plain = RotaryFrequencies.of(6, 1e4, null);
        float[] scaled = RotaryFrequencies.of(6, 1e4, new RopeScaling.Linear(4));
        assertThat(scaled).containsExactly(plain[0] / 4, plain[1] / 4, plain[2] / 4);
    }
}
