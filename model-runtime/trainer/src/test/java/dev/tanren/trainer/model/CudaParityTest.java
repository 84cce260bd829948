package dev.tanren.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Precision;
import dev.tanren.trainer.device.CudaDevice;
import dev.tanren.trainer.model.tensor.TensorOperators;
import dev.tanren.trainer.tools.NativeRuntime;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every family on a CUDA device, against PyTorch and against itself. The operators and the
/// decoders are those that [OperatorsParityTest] runs on the host's tensors.
class CudaParityTest {

    @BeforeEach
    void needsADevice() {
        NativeRuntime.configure(2);
        assumeThat(CudaDevice.count())
                .as(
                        "skipped: no CUDA device here, or the natives are those of the CPU alone"
                                + " (build with the Maven profile gpu on a machine with a driver)")
                .isPositive();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama-llama3-rope",
                "mistral-window",
                "qwen2",
                "qwen3",
                "phi3",
                "gpt2-untied"
            })
    void logitsAndGradientsAreThoseOfPyTorch(String family) {
        try (CudaDevice device = CudaDevice.open(0);
                SecondDecoder again =
                        new SecondDecoder(
                                family, new TensorOperators(device), Precision.FP32, device);
                Tensor logits = again.uses.logits(again.fixture.batch(0))) {
            double[] expected = again.fixture.numbers("logits");
            assertThat(Numbers.relativeMaximum(Numbers.of(logits), expected)).isLessThan(1e-4);

            MicroBatch batch = again.fixture.batch(0);
            again.gradientOf(batch, 1.0 / batch.countedTargets());
            GradientParity.assertThoseOfPyTorch(again.fixture, again.hostGradients());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-llama3-rope", "mistral-window", "qwen3", "phi3", "gpt2"})
    void theSameBatchGivesTheSameBitsUnderEveryPolicy(String family) {
        try (CudaDevice device = CudaDevice.open(0);
                SecondDecoder again =
                        new SecondDecoder(
                                family, new TensorOperators(device), Precision.BF16, device)) {
            MicroBatch batch = again.fixture.batch(0);
            double loss = again.gradientOf(batch, 0.02);
            double[] gradient = again.gradient();
            for (TrainingStage.Activations policy : TrainingStage.Activations.values()) {
                again.keep(policy);
                assertThat(again.gradientOf(batch, 0.02)).as("%s", policy).isEqualTo(loss);
                assertThat(again.gradient()).as("%s", policy).isEqualTo(gradient);
            }
        }
    }
}
