package dev.tanren.trainer.model.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.Objective;
import dev.tanren.plan.TrainingStage.Activations;
import dev.tanren.plan.TrainingStage.Parallelism;
import dev.tanren.plan.family.DecoderFamily;
import dev.tanren.plan.planner.SegmentActivations;
import dev.tanren.trainer.model.Initialisation;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.family.Decoders;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What passes keep of their micro-batches, and that they are in each other's way in no order.
class SavedTest {

    private static final Parallelism ONE = Parallelism.data(1);
    private static final int LENGTH = 24;

    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
    }

    static Stream<Arguments> familiesUnderEveryPolicy() {
        return Stream.of(Family.values())
                .flatMap(
                        family ->
                                Stream.of(Activations.values())
                                        .map(policy -> Arguments.of(family, policy)));
    }

    /// To the byte, at the height of a pass: between its forward and its backward.
    @ParameterizedTest
    @MethodSource("familiesUnderEveryPolicy")
    void aPassKeepsWhatThePlannerReckonsWith(Family family, Activations policy) {
        Architecture shape = shape(family);
        DecoderTraining training = training(shape, policy, gradients(shape));
        MicroBatch batch = batch(3);
        try (Pass pass = training.begin(batch, 0.1)) {
            for (int segment = 0; segment < training.segments(); segment++) {
                pass.forward(segment);
            }
            double ofLayer =
                    SegmentActivations.of(policy, shape, ONE, Float.BYTES, windowed(shape))
                            .keptByLayer();
            // Its input, the gradient behind its norm, and the figures of that norm.
            int ofHead =
                    Float.BYTES * 2 * shape.hiddenSize()
                            + Float.BYTES * DecoderFamily.of(shape).normStatistics();
            assertThat(pass.savedBytes())
                    .isEqualTo(Math.round(batch.places() * (shape.layers() * ofLayer + ofHead)));
            for (int segment = training.segments() - 1; segment >= 0; segment--) {
                pass.backward(segment);
            }
            assertThat(pass.savedBytes()).isZero();
        }
    }

    /// As pipelines will run them: all forward, then back in another order.
    @ParameterizedTest
    @MethodSource("familiesUnderEveryPolicy")
    void passesUnderWayBesideEachOtherHaveTheBitsOfOneAfterTheOther(
            Family family, Activations policy) {
        Architecture shape = shape(family);
        FlatBuffer gradients = gradients(shape);
        DecoderTraining training = training(shape, policy, gradients);
        List<MicroBatch> batches = List.of(batch(1), batch(2), batch(3));
        List<float[]> alone = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        for (MicroBatch batch : batches) {
            gradients.zero();
            losses.add(training.run(batch, 0.1, gradients).crossEntropySum());
            alone.add(numbers(gradients));
        }

        List<FlatBuffer> own = new ArrayList<>();
        Pass[] passes = new Pass[batches.size()];
        for (int k = 0; k < passes.length; k++) {
            own.add(gradients(shape));
            passes[k] = training.begin(batches.get(k), 0.1);
        }
        for (int segment = 0; segment < training.segments(); segment++) {
            for (int k = 0; k < passes.length; k++) {
                training.decoder().parameters().useGradients(own.get(k));
                passes[k].run(new Action.Forward(k, segment));
            }
        }
        for (int k : new int[] {1, 2, 0}) {
            training.decoder().parameters().useGradients(own.get(k));
            for (int segment = training.segments() - 1; segment >= 0; segment--) {
                passes[k].run(new Action.Backward(k, segment));
            }
            assertThat(passes[k].losses().crossEntropySum()).isEqualTo(losses.get(k));
            passes[k].close();
            assertThat(numbers(own.get(k))).as("micro-batch %s", k).isEqualTo(alone.get(k));
        }
    }

    @Test
    void aStepTakesNoMemoryThatTheOneBeforeDidNotTake() {
        Architecture shape = shape(Family.LLAMA);
        FlatBuffer gradients = gradients(shape);
        DecoderTraining training = training(shape, Activations.NONE, gradients);
        training.run(batch(1), 0.1, gradients);
        long bytes = training.decoder().memory().bytes();
        training.run(batch(2), 0.1, gradients);
        new DecoderEvaluation(training.decoder()).lossSum(batch(3));
        assertThat(training.decoder().memory().bytes()).isEqualTo(bytes);
    }

    /// Of passes of ever other lengths, memory stays for the last two.
    @Test
    void memoryOfLengthsThatDoNotComeAgainIsLetGo() {
        Architecture shape = shape(Family.LLAMA);
        DecoderTraining training = training(shape, Activations.NONE, gradients(shape));
        DecoderEvaluation evaluation = new DecoderEvaluation(training.decoder());
        for (int length = 4; length <= LENGTH; length++) {
            evaluation.lossSum(MicroBatch.ofRows(new int[][] {new int[length]}));
        }
        long bytes = training.decoder().memory().bytes();
        for (int length : new int[] {LENGTH - 1, LENGTH}) {
            evaluation.lossSum(MicroBatch.ofRows(new int[][] {new int[length]}));
        }
        assertThat(training.decoder().memory().bytes()).isEqualTo(bytes);
    }

    @Test
    void aBackwardWithoutItsForwardIsRefused() {
        Architecture shape = shape(Family.LLAMA);
        DecoderTraining training = training(shape, Activations.NONE, gradients(shape));
        try (Pass pass = training.begin(batch(1), 0.1)) {
            assertThatThrownBy(() -> pass.backward(2))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("segment 2");
        }
    }

    @Test
    void everyParameterHasOneOwner() {
        Architecture shape = shape(Family.LLAMA);
        Decoder decoder = training(shape, Activations.NONE, gradients(shape)).decoder();
        assertThat(decoder.segments().getLast().parameters())
                .as("a head that is tied owns its norm alone")
                .singleElement()
                .extracting(it -> it.name())
                .isEqualTo("model.norm.weight");
        assertThat(decoder.segments().stream().flatMap(it -> it.parameters().stream()))
                .containsExactlyElementsOf(decoder.layout().entries());
    }

    private static boolean windowed(Architecture shape) {
        Integer window = shape.slidingWindow();
        return window != null && window < LENGTH;
    }

    /// Tied where the family may be, with fewer key-value heads where it has them.
    private static Architecture shape(Family family) {
        boolean grouped = DecoderFamily.of(family).groupsQueries();
        boolean gpt2 = family == Family.GPT2;
        return new Architecture(
                family,
                61,
                32,
                2,
                4,
                grouped ? 2 : 4,
                56,
                gpt2 ? null : 8,
                true,
                1e4,
                1e-5,
                64,
                null,
                family == Family.MISTRAL ? 9 : null);
    }

    private DecoderTraining training(Architecture shape, Activations policy, FlatBuffer gradients) {
        Decoder decoder = Decoders.create(shape);
        open.add(decoder);
        FlatBuffer weights = FlatBuffer.allocate(decoder.layout());
        open.add(weights);
        Initialisation.random(decoder.layout(), weights, 5);
        decoder.parameters().useWeights(weights);
        decoder.parameters().useGradients(gradients);
        return new DecoderTraining(decoder, policy, Objective.CROSS_ENTROPY, () -> {});
    }

    private FlatBuffer gradients(Architecture shape) {
        FlatBuffer gradients = FlatBuffer.allocate(ParameterLayout.of(shape));
        open.add(gradients);
        return gradients;
    }

    private static MicroBatch batch(int seed) {
        Random random = new Random(seed);
        return MicroBatch.ofRows(
                new int[][] {
                    random.ints(LENGTH, 0, 61).toArray(), random.ints(LENGTH, 0, 61).toArray()
                });
    }

    private static float[] numbers(FlatBuffer buffer) {
        return buffer.segment().toArray(ValueLayout.JAVA_FLOAT);
    }
}
