package dev.tanren.plan.planner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Plan;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.testing.PublishedModel;
import dev.tanren.plan.validation.PlanReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.aggregator.AggregateWith;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;

class PlannerTest {

    @ParameterizedTest
    @CsvFileSource(resources = "/published-models.csv", useHeadersInDisplayName = true)
    void countsTheParametersOfPublishedModels(
            @AggregateWith(PublishedModel.Line.class) PublishedModel model) {
        assertThat(ParameterCount.of(model.shape()).total())
                .as(model.name())
                .isEqualTo(model.parameters());
    }

    @Test
    void countsTheArithmeticOfATokenAsPublished() {
        Architecture shape = Shapes.llama(128256, 4096, 32, 32, 8, 14336, 128, false);
        assertThat(Flops.perToken(shape, 8192) / 1e9).isCloseTo(57.914, within(0.0005));
    }

    @ParameterizedTest
    @CsvSource({
        "1, 8, 1",
        "2, 8, 2",
        "3, 8, 1",
        "4, 8, 3",
        "6, 8, 2",
        "7, 8, 1",
        "8, 8, 4",
        "16, 8, 4",
        "16, 4, 3",
        "16, 1, 1",
        "6, 1, 1"
    })
    void theReductionTreeKeepsOneGradientALevel(long microBatches, int runs, int partialSums) {
        assertThat(MemoryPlanner.partialSums(microBatches, runs)).isEqualTo(partialSums);
    }

    @Test
    void explainsTheExampleOfTheDocumentation() throws Exception {
        Architecture base = Shapes.llama(49152, 576, 30, 9, 3, 1536, 64, true);
        Explanation explanation = Planner.explain(example(), base);
        var training = Objects.requireNonNull(explanation.stages().getFirst().training());
        // 200k tokens in batches of 16Ki are 13 steps, twice.
        assertThat(training.steps()).isEqualTo(26);
        assertThat(training.tokens()).isEqualTo(26 * 16_384);
        assertThat(training.sequences()).isEqualTo(13 * 128 + 13 * 32);
        assertThat(training.microBatches()).isEqualTo(13 * 32 + 13 * 8);
        assertThat(training.phases()).extracting("microBatchesPerRank").containsExactly(16, 4);
        // At steps 13, 20 and 26; before the first step and after the last.
        assertThat(training.checkpoints()).isEqualTo(3);
        assertThat(training.evaluations()).isEqualTo(2);

        var compute = Objects.requireNonNull(training.compute());
        long parameters = 134_515_008;
        MemoryEstimate memory = compute.memoryPerRank();
        assertThat(memory.items())
                .extracting(MemoryEstimate.Item::name)
                .containsExactly(
                        "parameters",
                        "gradients",
                        "optimizer",
                        "activations",
                        "logits",
                        "buffers",
                        "checkpoint staging",
                        "runtime");
        assertThat(memory.bytes("parameters")).isEqualTo(4 * parameters);
        // Whatever the number of a rank's micro-batches, they are summed from left to right.
        assertThat(memory.bytes("gradients")).isEqualTo(4 * parameters);
        assertThat(memory.bytes("optimizer")).isEqualTo(8 * parameters);
        // A layer keeps 4·576 + 3·576 + 2·192 + 2·1536 numbers of a place, and 9 + 2 sums; an
        // evaluation, of one block of 512 tokens, takes as much as another layer, with what the
        // activation makes and the stream before it.
        assertThat(memory.bytes("activations"))
                .isEqualTo(
                        2048L * (30 * 4 * (7488 + 11) + 4 * (4 * 576 + 1920 + 1536 + 1))
                                + 512L * 4 * (7488 + 11 + 1536 + 576));
        // Chunks of 2^23 / 49152 = 170 places, of which 2048 leave a rest of 8.
        assertThat(memory.bytes("logits")).isEqualTo(4L * (170 + 8) * 49152);
        assertThat(memory.bytes("checkpoint staging")).isEqualTo(12 * parameters / 2);
        assertThat(compute.memoryPerRankBytes()).isEqualTo(compute.memoryPerRank().totalBytes());
        assertThat(Objects.requireNonNull(compute.communicationPerStep()).bytesPerRank())
                .isEqualTo(4 * parameters);
        assertThat(compute.flops())
                .isEqualTo(13 * 16_384 * (Flops.perToken(base, 128) + Flops.perToken(base, 512)));
    }

    @Test
    void attentionOfOneLayerIsWidenedInBf16() throws Exception {
        Plan plan =
                PlanReader.read(text().replace("precision: fp32", "precision: bf16")).planOrThrow();
        Explanation explanation =
                Planner.explain(plan, Shapes.llama(49152, 576, 30, 9, 3, 1536, 64, true));

        var training = Objects.requireNonNull(explanation.stages().getFirst().training());
        var memory = Objects.requireNonNull(training.compute()).memoryPerRank();
        // A message and a product, and 960 numbers of heads three times, 576 of outputs twice.
        assertThat(memory.bytes("buffers")).isEqualTo((3L << 20) + 2048 * 4 * (3 * 960 + 2 * 576));
    }

    @Test
    void everyPolicyOfActivationsIsExplainedWithItsMemoryAndTime() throws Exception {
        Explanation explanation =
                Planner.explain(example(), Shapes.llama(49152, 576, 30, 9, 3, 1536, 64, true));

        var training = Objects.requireNonNull(explanation.stages().getFirst().training());
        var compute = Objects.requireNonNull(training.compute());
        List<Explanation.ActivationPolicy> policies = compute.activationPolicies();
        assertThat(policies)
                .extracting(Explanation.ActivationPolicy::policy)
                .containsExactly("none", "selective", "full");
        assertThat(policies.getFirst().chosen()).isTrue();
        assertThat(policies.getFirst().activationBytes())
                .isEqualTo(compute.memoryPerRank().bytes("activations"));
        assertThat(policies.getFirst().memoryPerRankBytes())
                .isEqualTo(compute.memoryPerRankBytes());
        assertThat(policies)
                .extracting(Explanation.ActivationPolicy::memoryPerRankBytes)
                .isSortedAccordingTo(Comparator.reverseOrder());
        assertThat(policies)
                .extracting(Explanation.ActivationPolicy::slowdown)
                .isSorted()
                .startsWith(1.0);
        // A third of the arithmetic of all but the head, which is a fifth of this model's; not of
        // the messages between the two ranks, nor of the optimizer, which are a tenth of a step.
        assertThat(policies.getLast().slowdown()).isCloseTo(1 + 0.9 * 0.8 / 3, within(0.005));
    }

    @Test
    void anUnknownBaseLeavesItsFiguresOut() throws Exception {
        Explanation explanation = Planner.explain(example(), null);
        assertThat(explanation.model()).isNull();
        var training = Objects.requireNonNull(explanation.stages().getFirst().training());
        assertThat(training.compute()).isNull();
        assertThat(training.steps()).isEqualTo(26);
    }

    @Test
    void anExplanationTravelsAsJson() throws Exception {
        Explanation explanation =
                Planner.explain(example(), Shapes.llama(49152, 576, 30, 9, 3, 1536, 64, true));
        assertThat(Json.read(Json.write(explanation), Explanation.class)).isEqualTo(explanation);
    }

    private static Plan example() throws Exception {
        return PlanReader.read(text()).planOrThrow();
    }

    private static String text() throws Exception {
        return Files.readString(Path.of("../docs/examples/java-expert.yaml"));
    }
}
