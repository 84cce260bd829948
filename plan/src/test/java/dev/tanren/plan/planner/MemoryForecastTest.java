package dev.tanren.plan.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.validation.PlanReader;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class MemoryForecastTest {

    private static final long MIB = 1L << 20;
    private static final Architecture SHAPE = Shapes.llama(8192, 256, 4, 8, 4, 688, 32, false);

    @Test
    void theFirstPhaseForeseesTheLongerSequencesOfTheOnesAfterIt() {
        TrainingStage stage = stage("");
        MemoryForecast early = MemoryForecast.of(stage, SHAPE, "short");
        MemoryForecast late = MemoryForecast.of(stage, SHAPE, "long");
        assertThat(early.laterBytes()).isGreaterThan(100 * MIB);
        assertThat(late.laterBytes()).isZero();
        assertThat(late.predictedBytes()).isEqualTo(early.predictedBytes());
        assertThat(early.predictedBytes())
                .isEqualTo(new MemoryPlanner(stage, SHAPE, false).estimate().totalBytes());
    }

    @Test
    void phasesThatAreOverCountNoMore() {
        TrainingStage stage = stage("");
        MemoryForecast last = MemoryForecast.of(stage, SHAPE, "last");
        assertThat(last.laterBytes()).isZero();
        assertThat(last.predictedBytes())
                .isLessThan(MemoryForecast.of(stage, SHAPE, "long").predictedBytes());
        assertThatThrownBy(() -> MemoryForecast.of(stage, SHAPE, "none"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aRankOnAGpuHasALimitOfTheHostsMemoryAndOneOfTheDevices() {
        TrainingStage stage = stage("evaluation: {datasets: [ids]}");
        long parameters = ParameterCount.of(SHAPE).total();
        MemoryForecast gpu = MemoryForecast.of(stage, SHAPE, "long", true);
        MemoryForecast host = MemoryForecast.of(stage, SHAPE, "long");
        // Weights, gradient, two moments, their copy, and the process.
        assertThat(gpu.predictedBytes())
                .isEqualTo((4 + 4 + 8 + 12) * parameters + MemoryPlanner.RUNTIME);
        assertThat(gpu.evaluationBytes()).isZero();
        assertThat(gpu.laterBytes()).isZero();
        MemoryEstimate inHost = new MemoryPlanner(stage, SHAPE, false).estimate();
        // As in the host's memory, but for what is in the host's and for larger chunks of logits.
        assertThat(gpu.deviceBytes())
                .isGreaterThan(inHost.bytes("parameters") + inHost.bytes("activations"));
        assertThat(host.deviceBytes()).isZero();
        assertThat(gpu.certainlyExceedsDevice(gpu.deviceBytes())).isFalse();
        assertThat(gpu.certainlyExceedsDevice(gpu.deviceBytes() * 80 / 100)).isTrue();
    }

    @Test
    void whatWasTakenAlreadyIsNotToComeAgain() {
        MemoryForecast forecast =
                MemoryForecast.of(stage("evaluation: {datasets: [ids]}"), SHAPE, "long");
        long parameters = ParameterCount.of(SHAPE).total();
        assertThat(forecast.stagingBytes()).isEqualTo(12 * parameters);
        assertThat(forecast.evaluationBytes()).isPositive();
        long first = forecast.neededBytes(500 * MIB, 520 * MIB, false, false);
        assertThat(first)
                .isEqualTo(500 * MIB + forecast.stagingBytes() + forecast.evaluationBytes());
        assertThat(forecast.neededBytes(500 * MIB, 520 * MIB, true, true)).isEqualTo(520 * MIB);
        assertThat(forecast.toCome(true, true)).isZero();
    }

    @Test
    void withoutEvaluationsNoneAreToCome() {
        assertThat(MemoryForecast.of(stage(""), SHAPE, "long").evaluationBytes()).isZero();
    }

    @Test
    void onlyAPredictionFarBeyondTheLimitIsCertain() {
        MemoryForecast forecast = MemoryForecast.of(stage(""), SHAPE, "long");
        long predicted = forecast.predictedBytes();
        assertThat(forecast.certainlyExceeds(predicted)).isFalse();
        assertThat(forecast.certainlyExceeds(predicted * 90 / 100)).isFalse();
        assertThat(forecast.certainlyExceeds(predicted * 80 / 100)).isTrue();
    }

    @Test
    void aMeanOfTheWeightsIsKeptAndSaved() {
        long parameters = ParameterCount.of(SHAPE).total();
        MemoryEstimate plain = new MemoryPlanner(stage(""), SHAPE, false).estimate();
        MemoryEstimate averaged =
                new MemoryPlanner(stage("averaging: {type: ema, decay: 0.99}"), SHAPE, false)
                        .estimate();
        assertThat(averaged.bytes("average")).isEqualTo(4 * parameters);
        assertThat(averaged.totalBytes() - plain.totalBytes()).isEqualTo(8 * parameters);
    }

    private static TrainingStage stage(String more) {
        Plan plan =
                PlanReader.read(
                                """
                                apiVersion: tanren.dev/v1
                                name: phases
                                model:
                                  architecture:
                                    {family: llama, vocabSize: 8192, hiddenSize: 256, layers: 4, heads: 8,
                                     keyValueHeads: 4, intermediateSize: 688}
                                datasets:
                                  ids: {sources: [{uri: "file:./train.bin", format: tokens-u16}]}
                                stages:
                                  - id: stage
                                    type: pretrain
                                    optimizer: {learningRate: 3e-4}
                                    globalBatchTokens: 16Ki
                                    microBatch: 4
                                    phases:
                                      - {id: short, sequenceLength: 128, tokens: 64Ki, mix: {ids: 1}}
                                      - {id: long, sequenceLength: 2048, tokens: 64Ki, mix: {ids: 1}}
                                      - {id: last, sequenceLength: 256, tokens: 64Ki, mix: {ids: 1}}
                                    %s
                                """
                                        .formatted(more))
                        .planOrThrow();
        return (TrainingStage) Objects.requireNonNull(plan.stages().getFirst());
    }
}
