package dev.tanren.plan.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.Plan;
import dev.tanren.plan.TrainingStage.Activations;
import dev.tanren.plan.TrainingStage.Sharding;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.validation.PlanReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FitTest {

    private static final long GB = 1_000_000_000;
    private static final Machine MACHINE = new Machine(24 * GB, false);

    /// The example of many courses: weights of 14 GB, a card of 16 GB.
    @Test
    void sevenBillionParametersIn16BitsDoNotFitA16GbCardAndFitSeveral() throws Exception {
        var compute = sevenBillion("16GB");
        MemoryEstimate memory = compute.memoryPerRank();
        long parameters = 6_738_415_616L;
        assertThat(memory.bytes("parameters")).isEqualTo(2 * parameters);
        assertThat(memory.bytes("parameters") / 1e9).isCloseTo(13.5, within(0.05));
        assertThat(memory.bytes("optimizer")).isEqualTo(8 * parameters);
        assertThat(memory.bytes("gradients") % (4 * parameters)).isZero();
        // The optimizer's state is not on the card.
        assertThat(memory.totalBytes())
                .isEqualTo(
                        2 * parameters
                                + memory.bytes("gradients")
                                + memory.bytes("activations")
                                + memory.bytes("logits")
                                + memory.bytes("buffers"));
        // 6 bytes each, in chunks of 2^25 / 32000 = 1048 places, of which 8192 leave 856.
        assertThat(memory.bytes("logits")).isEqualTo(6L * (1048 + 856) * 32_000);
        // A message, and weights to be rounded.
        assertThat(memory.bytes("buffers")).isEqualTo(65L << 20);
        // In the host's memory are weights and gradient in fp32, two moments, and the copy of
        // weights and moments for a checkpoint.
        assertThat(memory.hostBytes()).isEqualTo((4 + 4 + 8 + 12) * parameters + (330L << 20));
        assertThat(compute.hostMemoryPerRankBytes()).isEqualTo(memory.hostBytes());

        Fit fit = Objects.requireNonNull(compute.fit());
        assertThat(fit.fits()).isFalse();
        assertThat(fit.neededBytes()).isEqualTo(memory.totalBytes());
        assertThat(fit.ladder())
                .extracting(proposal -> proposal.changes().getLast().toString())
                .containsExactly(
                        "microBatch: 1",
                        "activations: selective",
                        "activations: full",
                        "parallelism.sharding: optimizer",
                        "parallelism.sharding: gradients",
                        "parallelism.sharding: full",
                        "parallelism.sequence: true",
                        "parallelism.pipeline: 4");
        assertThat(fit.fitting()).isNotEmpty();
        assertThat(fit.fitting())
                .allSatisfy(
                        settings -> {
                            assertThat(settings.fits()).isTrue();
                            assertThat(settings.neededBytes()).isLessThanOrEqualTo(16 * GB);
                            assertThat(settings.ranks()).isGreaterThanOrEqualTo(4);
                            assertThat(settings.stage().globalBatchTokens()).isEqualTo(128 * 1024);
                        });
        assertThat(fit.fitting()).extracting(Proposal::ranks).isSorted();
    }

    @Test
    void sharingOutOptimizerOrGradientsAloneLeavesTheWeightsOf14GbOnEachCard() throws Exception {
        Fit fit = Objects.requireNonNull(sevenBillion("16GB").fit());
        var optimizer = rung(fit, Sharding.OPTIMIZER);
        assertThat(optimizer.fits()).isFalse();
        var full = rung(fit, Sharding.FULL);
        assertThat(full.fits()).isTrue();
        assertThat(full.ranks()).isEqualTo(4);
        assertThat(full.stage().activations()).isEqualTo(Activations.FULL);
        assertThat(full.slowdown()).isGreaterThan(8.0 / 6);
    }

    @Test
    void everyRungNeedsLessThanTheOneAboveItOnAsManyRanks() throws Exception {
        Fit fit = Objects.requireNonNull(sevenBillion("16GB").fit());
        List<Long> needed = new ArrayList<>(List.of(fit.neededBytes()));
        fit.ladder().stream()
                .filter(rung -> rung.ranks() == 1)
                .forEach(rung -> needed.add(rung.neededBytes()));
        assertThat(needed).hasSize(4).isSortedAccordingTo(Comparator.reverseOrder());
    }

    /// Sixteen micro-batches of a step are sixteen runs then: five partial sums of 27 GB each.
    @Test
    void whoeverWantsTheSameBitsOnMoreRanksPaysForPartialSumsAndIsToldSoFirst() throws Exception {
        Fit fit =
                Objects.requireNonNull(sevenBillion("16GB", "parallelism: {elasticity: 16}").fit());
        Fit plain = Objects.requireNonNull(sevenBillion("16GB").fit());
        long parameters = 6_738_415_616L;
        assertThat(fit.neededBytes() - plain.neededBytes()).isEqualTo(4 * 4 * parameters);
        Proposal first = fit.ladder().getFirst();
        assertThat(first.changes())
                .extracting(Proposal.Change::toString)
                .containsExactly("parallelism.elasticity: 1");
        assertThat(first.neededBytes()).isEqualTo(plain.neededBytes());
        assertThat(fit.ladder().subList(1, fit.ladder().size()))
                .as("each rung is named by what it adds")
                .extracting(rung -> rung.changes().getLast().toString())
                .startsWith("microBatch: 1", "activations: selective")
                .doesNotContain("parallelism.elasticity: 1");
    }

    @Test
    void aStageThatFitsHasNothingToChange() throws Exception {
        Fit fit = Objects.requireNonNull(sevenBillion("1TB").fit());
        assertThat(fit.fits()).isTrue();
        assertThat(fit.ladder()).isEmpty();
        assertThat(fit.fitting()).isEmpty();
    }

    @Test
    void ranksOnOneMachineShareItsMemory() throws Exception {
        Plan plan =
                PlanReader.read(Files.readString(Path.of("../docs/examples/java-expert.yaml")))
                        .planOrThrow();
        Device machine = Device.parse(Device.CPU, MACHINE);
        var stage =
                Planner.explain(plan, Shapes.llama(49152, 576, 30, 9, 3, 1536, 64, true), machine)
                        .stages()
                        .getFirst();
        var compute = Objects.requireNonNull(Objects.requireNonNull(stage.training()).compute());
        Fit fit = Objects.requireNonNull(compute.fit());
        assertThat(compute.memoryPerRank().hostBytes()).isZero();
        assertThat(fit.neededBytes()).isEqualTo(2 * compute.memoryPerRankBytes());
        var expected = Objects.requireNonNull(compute.expected());
        assertThat(expected.peakFlops()).isNull();
        assertThat(expected.assumptions()).startsWith("60 GFLOP/s a thread");
        // Two ranks of one thread each; what they send and the optimizer come on top.
        assertThat(expected.seconds())
                .isBetween(compute.flops() / 120e9, 1.2 * compute.flops() / 120e9);
    }

    @Test
    void aDeviceOfKnownSpeedTellsHowLongTheStageTakes() throws Exception {
        var expected = Objects.requireNonNull(sevenBillion("h200").expected());
        assertThat(expected.peakFlops()).isEqualTo(989e12);
        assertThat(expected.utilisation()).isEqualTo(0.4);
        // 40 % of 989 TFLOP/s over 6·6.6e9 + 12·32·4096·2048 a token are 9,230 tokens a second,
        // 14.2
        // seconds a step; 28 bytes a parameter of the host's memory at 20 GB/s are 9.4, and 8 over
        // PCIe at 25 GB/s 2.2.
        assertThat(expected.tokensPerSecondPerRank()).isCloseTo(5_080, within(10.0));
    }

    @Test
    void figuresForAGpuAreSaidToBePredicted() throws Exception {
        assertThat(Planner.explain(plan(), null, Device.parse("h200", MACHINE)).prediction())
                .isEqualTo("predicted, not measured on a GPU");
        assertThat(Planner.explain(plan(), null, Device.parse("cpu", MACHINE)).prediction())
                .isNull();
        assertThat(Objects.requireNonNull(sevenBillion("h200").fit()).assumptions())
                .contains("not measured on a GPU", "optimizer on the host");
    }

    @Test
    void anExplanationWithADeviceTravelsAsJson() throws Exception {
        Explanation explanation = Planner.explain(plan(), null, Device.parse("16GB", MACHINE));
        assertThat(Json.read(Json.write(explanation), Explanation.class)).isEqualTo(explanation);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "h100", "16 apples", "0", "-1GB", "CPU"})
    void whatIsNoDeviceIsNamedWithTheDevicesThereAre(String text) {
        assertThatThrownBy(() -> Device.parse(text, MACHINE))
                .isInstanceOf(TanrenException.class)
                .hasMessageContaining("h100-sxm")
                .hasMessageContaining("16GiB");
    }

    @Test
    void namedDevicesHaveTheirVendorsFigures() {
        assertThat(Device.parse("h100-sxm", MACHINE).peakFlops()).isEqualTo(989e12);
        assertThat(Device.parse("h200", MACHINE).memoryBytes()).isEqualTo(141 * GB);
        assertThat(Device.parse("h200", MACHINE).fp32Flops()).isEqualTo(67e12);
        assertThat(Device.parse("h100-pcie", MACHINE).fp32Flops()).isEqualTo(51e12);
        assertThat(Device.parse("a100-40", MACHINE).fp32Flops()).isEqualTo(19.5e12);
        assertThat(Device.parse("h100-pcie", MACHINE).peakFlops()).isEqualTo(756e12);
        assertThat(Device.parse("a100-40", MACHINE).memoryBytes()).isEqualTo(40 * GB);
        assertThat(Device.parse("a100-80", MACHINE).peakFlops()).isEqualTo(312e12);
        assertThat(Device.parse("16GiB", MACHINE).memoryBytes()).isEqualTo(16L << 30);
        assertThat(Device.parse("16GB", MACHINE).peakFlops()).isNull();
        assertThat(Device.parse("cpu", MACHINE).memoryBytes()).isEqualTo(24 * GB);
    }

    private static Proposal rung(Fit fit, Sharding level) {
        return fit.ladder().stream()
                .filter(rung -> rung.stage().parallelism().sharding() == level)
                .findFirst()
                .orElseThrow();
    }

    private static Explanation.Compute sevenBillion(String device) throws Exception {
        return sevenBillion(device, "threadsPerRank: 1");
    }

    /// @param setting of the stage, beside those of the example
    private static Explanation.Compute sevenBillion(String device, String setting)
            throws Exception {
        String text = example().replace("microBatch: 4", "microBatch: 4\n    " + setting);
        Plan plan = PlanReader.readAhead(text).planOrThrow();
        Explanation explanation = Planner.explain(plan, null, Device.parse(device, MACHINE));
        var training = Objects.requireNonNull(explanation.stages().getFirst().training());
        return Objects.requireNonNull(training.compute());
    }

    private static Plan plan() throws Exception {
        return PlanReader.readAhead(example()).planOrThrow();
    }

    private static String example() throws Exception {
        return Files.readString(Path.of("../docs/examples/seven-billion.yaml"));
    }
}
