package dev.tanren.trainer.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {

    @Test
    void tokensAreDrawnWithTheProbabilitiesOfTransformersWarpers() throws IOException {
        JsonNode file = Resources.json("/generation/warpers.json");
        float[] logits = new float[file.path("logits").size()];
        for (int token = 0; token < logits.length; token++) {
            logits[token] = file.path("logits").get(token).floatValue();
        }
        assertThat(file.path("cases")).hasSizeGreaterThan(8);
        for (JsonNode one : file.path("cases")) {
            Sampling sampling =
                    new Sampling(
                            one.path("temperature").doubleValue(),
                            one.path("topK").intValue(),
                            one.path("topP").doubleValue(),
                            0);
            double[] made = new Sampler(sampling).probabilities(logits);
            for (int token = 0; token < logits.length; token++) {
                double expected = one.path("probabilities").get(token).doubleValue();
                assertThat(made[token])
                        .as(sampling + ", token " + token)
                        .isCloseTo(expected, within(2e-6 * expected));
            }
        }
    }

    @Test
    void tokensAsLikelyAsTheLastOfTheTopKStay() {
        assertThat(probabilities(new Sampling(1, 2, 1, 0), 1, 3, 2, 2))
                .containsExactly(new double[] {0, 0.576117, 0.211942, 0.211942}, within(1e-6));
    }

    @Test
    void ofEquallyLikelyTokensTheTopPKeepsTheLowerIds() {
        assertThat(probabilities(new Sampling(1, 0, 0.6, 0), 5, 5, 5, 5))
                .containsExactly(new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0, 0}, within(1e-9));
    }

    @Test
    void theLikeliestTokenStaysHoweverSmallTopPAndTemperatureAre() {
        assertThat(probabilities(new Sampling(1, 0, 1e-9, 0), 1, 2, 1.9f)).containsExactly(0, 1, 0);
        assertThat(probabilities(new Sampling(1e-40, 0, 1, 0), 1, 2, 1.9f))
                .containsExactly(0, 1, 0);
        assertThat(probabilities(new Sampling(1e-300, 0, 1, 0), 1, 2, 1.9f))
                .containsExactly(0, 1, 0);
    }

    @Test
    void drawsFollowTheProbabilitiesAndTheSeed() {
        float[] logits = {0, (float) Math.log(2), Float.NEGATIVE_INFINITY, (float) Math.log(5)};
        Sampler sampler = new Sampler(new Sampling(1, 0, 1, 3));
        Sampler same = new Sampler(new Sampling(1, 0, 1, 3));
        Sampler other = new Sampler(new Sampling(1, 0, 1, 4));
        int[] counts = new int[4];
        int unlike = 0;
        for (int i = 0; i < 8000; i++) {
            int token = sampler.choose(logits);
            counts[token]++;
            assertThat(same.choose(logits)).isEqualTo(token);
            unlike += other.choose(logits) == token ? 0 : 1;
        }
        assertThat(counts[0]).isBetween(900, 1100);
        assertThat(counts[1]).isBetween(1850, 2150);
        assertThat(counts[2]).isZero();
        assertThat(unlike).isGreaterThan(3000);
    }

    @Test
    void theTemperatureZeroTakesTheLikeliestAndOfEqualOnesTheFirst() {
        Sampler sampler = new Sampler(Sampling.GREEDY);
        IntStream.range(0, 50)
                .forEach(i -> assertThat(sampler.choose(new float[] {1, 4, 4, 3})).isEqualTo(1));
    }

    @Test
    void settingsOutOfRangeOrWithoutEffectAreUsageErrors() {
        assertUsage("temperature is -1.0", -1, 0, 1);
        assertUsage("temperature is NaN", Double.NaN, 0, 1);
        assertUsage("temperature is 1.0E39", 1e39, 0, 1);
        assertUsage("top k is -1", 1, -1, 1);
        assertUsage("top p is 0.0", 1, 0, 0);
        assertUsage("top p is 1.5", 1, 0, 1.5);
        assertUsage("top p is NaN", 1, 0, Double.NaN);
        assertUsage("nothing is drawn from the top 5 [--top-k]", 0, 5, 1);
        assertUsage("nothing is drawn from the top 0.5 [--top-p]", 0, 0, 0.5);
    }

    private static void assertUsage(String part, double temperature, int topK, double topP) {
        assertThatThrownBy(() -> new Sampling(temperature, topK, topP, 0))
                .isInstanceOfSatisfying(
                        TanrenException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.USAGE))
                .hasMessageContaining(part);
    }

    private static double[] probabilities(Sampling sampling, float... logits) {
        return new Sampler(sampling).probabilities(logits);
    }
}
