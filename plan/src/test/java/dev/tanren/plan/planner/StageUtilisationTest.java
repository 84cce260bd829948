package dev.tanren.plan.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.validation.PlanReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StageUtilisationTest {

    private static final Architecture LLAMA_8B =
            Shapes.llama(128256, 4096, 32, 32, 8, 14336, 128, false);

    /// torchtitan's table: 8 H100 train Llama-3.1-8B at a length of 8192.
    @ParameterizedTest
    @CsvSource({"5762, 0.337", "6667, 0.390"})
    void eightH100sHaveThePublishedUtilisation(double tokensPerSecondOfEach, double published) {
        StageUtilisation utilisation =
                StageUtilisation.of(stage("bf16", 8), LLAMA_8B, "NVIDIA H100 80GB HBM3")
                        .orElseThrow();
        long tokens = 8 * 8192;
        double seconds = tokens / (8 * tokensPerSecondOfEach);
        assertThat(utilisation.ofStep(tokens, 8192, seconds)).isCloseTo(published, within(0.0005));
    }

    @Test
    void fp32IsMeasuredAgainstThePeakInFp32AndNotInTf32() {
        double bf16 = of("bf16");
        // 312 and 19.5 TFLOP/s.
        assertThat(of("fp32")).isEqualTo(16 * bf16);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "", "NVIDIA GeForce RTX 4090", "NVIDIA H100 NVL", "H100"})
    void whatHasNoKnownPeakHasNoUtilisation(String driverName) {
        assertThat(StageUtilisation.of(stage("fp32", 1), LLAMA_8B, driverName)).isEmpty();
    }

    private static double of(String precision) {
        return StageUtilisation.of(stage(precision, 1), LLAMA_8B, "NVIDIA A100-SXM4-80GB")
                .orElseThrow()
                .ofStep(8192, 8192, 1);
    }

    private static TrainingStage stage(String precision, int data) {
        Plan plan =
                PlanReader.readAhead(
                                """
                                apiVersion: tanren.dev/v1
                                name: speed
                                model: {base: "file:./llama"}
                                datasets:
                                  ids: {sources: [{uri: "file:./train.bin", format: tokens-u16}]}
                                stages:
                                  - id: stage
                                    type: cpt
                                    optimizer: {learningRate: 3e-4}
                                    precision: %s
                                    parallelism: {data: %d}
                                    globalBatchTokens: 64Ki
                                    microBatch: 1
                                    phases: [{id: only, sequenceLength: 8192, tokens: 64Ki, mix: {ids: 1}}]
                                """
                                        .formatted(precision, data))
                        .planOrThrow();
        return (TrainingStage) plan.stages().getFirst();
    }
}
