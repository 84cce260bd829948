package dev.tanren.trainer.model;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.util.Map.entry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Objective;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Momentum;
import dev.tanren.plan.TrainingStage.OptimizerType;
import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.distributed.InProcessRanks;
import dev.tanren.trainer.distributed.TreeReduction;
import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.HeadShape;
import dev.tanren.trainer.model.common.Losses;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.common.RotaryAngles;
import dev.tanren.trainer.model.common.RotaryFrequencies;
import dev.tanren.trainer.model.host.HostOperators;
import dev.tanren.trainer.model.tensor.TensorOperators;
import dev.tanren.trainer.optimizer.Optimizer;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.parameters.LayoutBuilder;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever computes a number of a training gives the same bits, again and again: on 1 to 4 threads
/// of Java's loops, with processors that others take away at random, in memory at odd addresses, on
/// ranks that are late at random. What is not listed here fails the build.
class ExactnessTest {

    /// More than a block of rows of any operator, and more columns than one tile of logits.
    private static final int N = 150;

    private static final int H = 48;
    private static final int V = 2100;
    private static final HeadShape HEADS = new HeadShape(2, 2, 8);
    private static final int[] POSITIONS = IntStream.range(0, N).map(n -> n * 7 % 50).toArray();
    private static final int[] TOKENS = IntStream.range(0, N).map(n -> n * 31 % 20).toArray();
    private static final int[] TARGETS =
            IntStream.range(0, N).map(n -> n % 9 == 0 ? MicroBatch.IGNORED : n * 577 % V).toArray();
    private static final RotaryAngles ANGLES = new RotaryAngles(RotaryFrequencies.of(8, 1e4, null));

    /// Neither computes a number.
    private static final Set<String> WITHOUT_NUMBERS =
            Set.of("allocate", "logitsAtOnce", "inHostMemory", "await");

    /// By the operator's name: runs it on memory of these numbers.
    private static final Map<String, BiConsumer<Operators, ExactMemory>> OPERATORS =
            Map.ofEntries(
                    entry(
                            "copyWeights",
                            (by, at) -> {
                                try (FlatBuffer weights = FlatBuffer.allocate(1000)) {
                                    at.fill(weights.segment());
                                    by.copyWeights(weights, 7, at.stream(12, 30));
                                }
                            }),
                    entry(
                            "addProduct",
                            (by, at) -> {
                                Tensor left = at.aligned(24, N).tensor();
                                Tensor right = at.aligned(N, H).tensor();
                                by.addProduct(at.alignedFp32(24, H), left, right, at.format());
                            }),
                    entry(
                            "rmsNorm",
                            (by, at) ->
                                    by.rmsNorm(
                                            at.stream(N, H),
                                            at.fp32(1, H),
                                            1e-5,
                                            at.stream(N, H),
                                            at.fp32(N, 1))),
                    entry(
                            "rmsNormBackward",
                            (by, at) ->
                                    by.rmsNormBackward(
                                            at.stream(N, H),
                                            at.stream(N, H),
                                            at.fp32(1, H),
                                            at.fp32(N, 1),
                                            at.stream(N, H),
                                            at.fp32(1, H))),
                    entry(
                            "layerNorm",
                            (by, at) ->
                                    by.layerNorm(
                                            at.stream(N, H),
                                            at.fp32(1, H),
                                            at.fp32(1, H),
                                            1e-5,
                                            at.stream(N, H),
                                            at.fp32(N, 2))),
                    entry(
                            "layerNormBackward",
                            (by, at) ->
                                    by.layerNormBackward(
                                            at.stream(N, H),
                                            at.stream(N, H),
                                            at.fp32(1, H),
                                            at.fp32(N, 2),
                                            at.stream(N, H),
                                            at.fp32(1, H),
                                            at.fp32(1, H))),
                    entry(
                            "headNorm",
                            (by, at) ->
                                    by.headNorm(
                                            at.stream(N, 64),
                                            HEADS,
                                            at.fp32(1, 8),
                                            at.fp32(1, 8),
                                            1e-6,
                                            at.stream(N, 48),
                                            at.fp32(N, 6))),
                    entry(
                            "headNormBackward",
                            (by, at) ->
                                    by.headNormBackward(
                                            at.stream(N, 64),
                                            HEADS,
                                            at.fp32(1, 8),
                                            at.fp32(1, 8),
                                            at.stream(N, 48),
                                            at.fp32(N, 6),
                                            at.fp32(1, 8),
                                            at.fp32(1, 8))),
                    entry("rotate", (by, at) -> by.rotate(at.stream(N, 64), 6, ANGLES, POSITIONS)),
                    entry(
                            "gatherHeads",
                            (by, at) ->
                                    by.gatherHeads(
                                            Stream.generate(() -> at.alignedFp32(N, 16))
                                                    .limit(4)
                                                    .map(it -> it.tensor().view(1, N, 2, 8))
                                                    .toList(),
                                            HEADS,
                                            new AttentionSpan(0, 1, N),
                                            ANGLES,
                                            POSITIONS,
                                            at.stream(N, 64))),
                    entry("swiGlu", (by, at) -> by.swiGlu(at.stream(N, 2 * H), at.stream(N, H))),
                    entry(
                            "swiGluBackward",
                            (by, at) -> by.swiGluBackward(at.stream(N, H), at.stream(N, 2 * H))),
                    entry("geluTanh", (by, at) -> by.geluTanh(at.stream(N, H), at.stream(N, H))),
                    entry(
                            "geluTanhBackward",
                            (by, at) -> by.geluTanhBackward(at.stream(N, H), at.stream(N, H))),
                    entry("embed", (by, at) -> by.embed(TOKENS, at.stream(20, H), at.stream(N, H))),
                    entry(
                            "addEmbedding",
                            (by, at) -> by.addEmbedding(TOKENS, at.stream(20, H), at.stream(N, H))),
                    entry(
                            "embedBackward",
                            (by, at) -> by.embedBackward(TOKENS, at.stream(N, H), at.fp32(20, H))),
                    entry(
                            "fillWithBias",
                            (by, at) -> by.fillWithBias(at.fp32(1, H), at.stream(N, H))),
                    entry(
                            "addBias",
                            (by, at) ->
                                    by.addBias(at.stream(N, H), at.fp32(1, H), at.stream(N, H))),
                    entry(
                            "biasBackward",
                            (by, at) -> by.biasBackward(at.stream(N, H), at.fp32(1, H))),
                    entry(
                            "crossEntropy",
                            (by, at) -> {
                                Losses losses = Losses.of(N);
                                by.crossEntropy(at.stream(N, V), TARGETS, 0, losses);
                                at.add(losses.crossEntropies());
                            }),
                    entry(
                            "crossEntropyAndGradient",
                            (by, at) -> {
                                Losses losses = Losses.of(N);
                                Objective objective = new Objective(1e-3, 0.1);
                                by.crossEntropyAndGradient(
                                        at.stream(N, V), TARGETS, 0, losses, objective, 0.3);
                                at.add(losses.crossEntropies());
                                at.add(losses.zLosses());
                            }));

    private static volatile boolean over;

    @BeforeAll
    static void takeProcessorsAwayAtRandom() {
        NativeRuntime.configure(2);
        for (int i = 0; i < 2; i++) {
            Thread.ofPlatform().daemon().start(ExactnessTest::spinNowAndThen);
        }
    }

    private static void spinNowAndThen() {
        while (!over) {
            long end = System.nanoTime() + ThreadLocalRandom.current().nextLong(500_000);
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(500_000));
        }
    }

    @AfterAll
    static void stop() {
        over = true;
        ComputeThreads.configure(2);
    }

    @Test
    void everyOperatorIsTestedHere() {
        Set<String> operators =
                Arrays.stream(Operators.class.getDeclaredMethods())
                        .map(Method::getName)
                        .filter(name -> !WITHOUT_NUMBERS.contains(name))
                        .collect(Collectors.toCollection(TreeSet::new));
        assertThat(OPERATORS.keySet()).containsExactlyInAnyOrderElementsOf(operators);
    }

    static Stream<Arguments> operators() {
        return OPERATORS.keySet().stream()
                .sorted()
                .flatMap(
                        name ->
                                Stream.of(Format.values())
                                        .map(format -> Arguments.of(name, format)));
    }

    @ParameterizedTest
    @MethodSource("operators")
    void loopsGiveTheSameBitsOnAnyThreadsInAnyMemory(String name, Format format) {
        byte[] first = loops(name, format, 1, 0);
        for (int round = 0; round < 8; round++) {
            byte[] again = loops(name, format, 1 + round % 4, round * 12 % 64);
            assertThat(Arrays.equals(again, first)).as("%s, round %s", name, round).isTrue();
        }
    }

    private static BiConsumer<Operators, ExactMemory> operator(String name) {
        return Objects.requireNonNull(OPERATORS.get(name), name);
    }

    private static byte[] loops(String name, Format format, int threads, int offset) {
        ComputeThreads.configure(threads);
        try (ExactMemory memory = new ExactMemory(format, offset, 17)) {
            operator(name).accept(new HostOperators(), memory);
            return memory.bits();
        }
    }

    /// On the host's tensors, where libtorch has the threads that a rank has.
    @ParameterizedTest
    @MethodSource("operators")
    void tensorsGiveTheSameBitsAgain(String name, Format format) {
        Operators tensors = new TensorOperators(ComputeDevice.HOST);
        byte[] first = tensors(name, format, tensors);
        for (int round = 0; round < 4; round++) {
            assertThat(Arrays.equals(tensors(name, format, tensors), first)).as(name).isTrue();
        }
    }

    private static byte[] tensors(String name, Format format, Operators tensors) {
        try (PointerScope _ = new PointerScope();
                ExactMemory memory = new ExactMemory(format, 0, 17)) {
            operator(name).accept(tensors, memory);
            return memory.bits();
        }
    }

    @Test
    void everyOptimizerIsTestedHere() {
        assertThat(OptimizerType.values()).hasSize(Optimizer.class.getPermittedSubclasses().length);
    }

    @ParameterizedTest
    @EnumSource
    void optimizersGiveTheSameBitsOnAnyThreads(OptimizerType type) {
        byte[] first = weights(type, 1);
        for (int threads = 2; threads <= 4; threads++) {
            assertThat(Arrays.equals(weights(type, threads), first)).as("%s", threads).isTrue();
        }
    }

    private static byte[] weights(OptimizerType type, int threads) {
        ComputeThreads.configure(threads);
        TrainingStage.Optimizer plan =
                new TrainingStage.Optimizer(
                        type,
                        0.02,
                        0.9,
                        0.95,
                        1e-8,
                        0.1,
                        null,
                        TrainingStage.WeightDecayOn.MATRICES,
                        type == OptimizerType.ADAMW ? null : new Momentum(0.9, true));
        ParameterLayout layout = new LayoutBuilder().add("wide", 40, 700).add("gain", 700).build();
        try (FlatBuffer weights = random(layout.elements(), 1);
                Optimizer optimizer = Optimizer.of(plan, layout, weights)) {
            for (int step = 1; step <= 3; step++) {
                try (FlatBuffer gradient = random(layout.elements(), 1 + step)) {
                    optimizer.step(gradient, step, 1e-2, 0.7);
                }
            }
            return weights.segment().toArray(JAVA_BYTE);
        }
    }

    private static FlatBuffer random(long elements, long seed) {
        FlatBuffer buffer = FlatBuffer.allocate(elements);
        ExactMemory.fill(buffer.segment(), new Random(seed));
        return buffer;
    }

    /// The sum is that of the pairs in the order of the tree, whoever is late.
    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8})
    void ranksThatAreLateAtRandomHaveTheSumOfTheTree(int ranks) throws Exception {
        int elements = 4321;
        float[][] level =
                IntStream.range(0, ranks)
                        .mapToObj(rank -> numbers(rank, elements))
                        .toArray(float[][]::new);
        for (int width = ranks; width > 1; width /= 2) {
            for (int i = 0; i < width / 2; i++) {
                level[i] = sum(level[2 * i], level[2 * i + 1]);
            }
        }
        for (int round = 0; round < 3; round++) {
            for (float[] sum : reduced(ranks, elements)) {
                assertThat(sum).isEqualTo(level[0]);
            }
        }
    }

    private static float[] numbers(int rank, int elements) {
        try (FlatBuffer buffer = random(elements, rank)) {
            return buffer.segment().toArray(JAVA_FLOAT);
        }
    }

    private static float[] sum(float[] left, float[] right) {
        float[] sums = new float[left.length];
        for (int i = 0; i < sums.length; i++) {
            sums[i] = left[i] + right[i];
        }
        return sums;
    }

    private static List<float[]> reduced(int count, int elements) throws Exception {
        float[][] sums = new float[count][];
        try (InProcessRanks ranks = new InProcessRanks(count)) {
            List<Thread> threads =
                    IntStream.range(0, count)
                            .mapToObj(
                                    rank ->
                                            Thread.ofPlatform()
                                                    .start(
                                                            () ->
                                                                    sums[rank] =
                                                                            reduced(
                                                                                    ranks, rank,
                                                                                    elements)))
                            .toList();
            for (Thread thread : threads) {
                thread.join();
            }
        }
        return List.of(sums);
    }

    private static float[] reduced(InProcessRanks ranks, int rank, int elements) {
        try (TreeReduction reduction = new TreeReduction(new LateGroup(ranks.group(rank)));
                FlatBuffer buffer = random(elements, rank)) {
            reduction.sum(buffer);
            return buffer.segment().toArray(JAVA_FLOAT);
        }
    }
}
