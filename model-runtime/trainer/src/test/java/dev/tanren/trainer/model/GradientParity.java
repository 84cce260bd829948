package dev.tanren.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.Arrays;

/// Compares the gradient of a fixture's batch with PyTorch's, parameter by parameter.
final class GradientParity {

    private GradientParity() {}

    /// @param gradients in the host's memory, of the mean over the batch
    static void assertThoseOfPyTorch(Fixture fixture, FlatBuffer gradients) {
        for (ParameterLayout.Entry entry : fixture.decoder.layout().entries()) {
            double[] expected = fixture.numbers("gradient." + entry.name());
            double[] actual = fixture.parameter(gradients, entry);
            if (cancels(fixture, entry)) {
                assertKeyBiasesCancel(fixture, actual, expected);
            } else {
                assertThat(Numbers.relativeNorm(actual, expected))
                        .as(entry.name())
                        .isLessThan(1e-5);
            }
        }
    }

    /// Without rotation a bias of the keys shifts all scores of a query alike, so its gradient is
    /// zero but for rounding; GPT-2 stores it between those of queries and values.
    private static boolean cancels(Fixture fixture, ParameterLayout.Entry entry) {
        return !DecoderFamily.of(fixture.decoder.architecture()).rotary()
                && entry.name().endsWith("attn.c_attn.bias");
    }

    private static void assertKeyBiasesCancel(Fixture fixture, double[] actual, double[] expected) {
        int hidden = fixture.decoder.architecture().hiddenSize();
        for (int part : new int[] {0, 2 * hidden}) {
            assertThat(
                            Numbers.relativeNorm(
                                    Arrays.copyOfRange(actual, part, part + hidden),
                                    Arrays.copyOfRange(expected, part, part + hidden)))
                    .isLessThan(1e-5);
        }
        for (double key : Arrays.copyOfRange(actual, hidden, 2 * hidden)) {
            assertThat(key).isCloseTo(0, within(1e-7));
        }
    }
}
