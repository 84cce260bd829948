package dev.tanren.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.family.ModelParameter;
import dev.tanren.plan.family.ModelParameter.Role;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.LayoutBuilder;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class InitialisationTest {

    private static final ParameterLayout LAYOUT =
            new LayoutBuilder()
                    .add("model.embed_tokens.weight", 400, 100)
                    .addResidual("model.layers.0.self_attn.o_proj.weight", 200, 100)
                    .addResidual("model.layers.0.mlp.down_proj.weight", 100, 200)
                    .add("model.norm.weight", 100)
                    .build();

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @Test
    void bitsDependOnTheSeedAloneAndNotOnThreads() {
        ComputeThreads.configure(1);
        double[] one = weights(3);
        ComputeThreads.configure(2);
        assertThat(weights(3)).isEqualTo(one);
        assertThat(weights(4)).isNotEqualTo(one);
    }

    @Test
    void matricesAreNormalAndResidualProjectionsSmallerAndNormsOnes() {
        double[] weights = weights(3);
        double[] embedding = Arrays.copyOf(weights, 40_000);
        assertThat(Arrays.stream(embedding).average().orElseThrow()).isCloseTo(0, within(5e-4));
        assertThat(deviation(embedding)).isCloseTo(0.02, within(2e-4));
        assertThat(beyond(embedding, 0.04)).isCloseTo(0.0455, within(0.005));
        assertThat(deviation(Arrays.copyOfRange(weights, 40_000, 60_000)))
                .isCloseTo(0.02 / Math.sqrt(2), within(2e-4));
        assertThat(Arrays.copyOfRange(weights, 80_000, 80_100)).containsOnly(1);
    }

    @Test
    void biasesAreZerosAndGpt2sOutputsSmallerToo() {
        ParameterLayout layout =
                new LayoutBuilder()
                        .addResidual("transformer.h.0.attn.c_proj.weight", 200, 100)
                        .add(
                                Role.BIAS,
                                ModelParameter.Initialisation.ZEROS,
                                "transformer.h.0.attn.c_proj.bias",
                                100)
                        .add("transformer.h.0.ln_2.weight", 100)
                        .add(
                                Role.BIAS,
                                ModelParameter.Initialisation.ZEROS,
                                "transformer.h.0.ln_2.bias",
                                100)
                        .addResidual("transformer.h.0.mlp.c_proj.weight", 100, 100)
                        .build();
        try (FlatBuffer weights = FlatBuffer.allocate(layout)) {
            Initialisation.random(layout, weights, 3);
            double[] values = Numbers.of(weights);
            assertThat(deviation(Arrays.copyOf(values, 20_000)))
                    .isCloseTo(0.02 / Math.sqrt(2), within(2e-4));
            assertThat(Arrays.copyOfRange(values, 20_000, 20_100)).containsOnly(0);
            assertThat(Arrays.copyOfRange(values, 20_100, 20_200)).containsOnly(1);
            assertThat(Arrays.copyOfRange(values, 20_200, 20_300)).containsOnly(0);
        }
    }

    @Test
    void aParameterHasTheSameBitsWhateverStandsBesideIt() {
        ParameterLayout alone =
                new LayoutBuilder()
                        .addResidual("model.layers.0.self_attn.o_proj.weight", 200, 100)
                        .addResidual("model.layers.0.mlp.down_proj.weight", 100, 200)
                        .build();
        try (FlatBuffer weights = FlatBuffer.allocate(alone)) {
            Initialisation.random(alone, weights, 3);
            assertThat(Numbers.of(weights))
                    .isEqualTo(Arrays.copyOfRange(weights(3), 40_000, 80_000));
        }
    }

    /// Values of the normal distribution's table.
    @Test
    void quantilesAreThoseOfTheNormalDistribution() {
        assertThat(Initialisation.quantile(0.5)).isZero();
        assertThat(Initialisation.quantile(0.975)).isCloseTo(1.959963985, within(1e-6));
        assertThat(Initialisation.quantile(0.001)).isCloseTo(-3.090232306, within(1e-6));
        assertThat(Initialisation.quantile(1e-12)).isCloseTo(-7.034483825, within(1e-5));
    }

    private static double[] weights(long seed) {
        try (FlatBuffer weights = FlatBuffer.allocate(LAYOUT)) {
            Initialisation.random(LAYOUT, weights, seed);
            return Numbers.of(weights);
        }
    }

    private static double deviation(double[] values) {
        return Math.sqrt(Arrays.stream(values).map(x -> x * x).average().orElseThrow());
    }

    private static double beyond(double[] values, double limit) {
        return Arrays.stream(values).filter(x -> Math.abs(x) > limit).count()
                / (double) values.length;
    }
}
