package dev.tanren.trainer.model;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Momentum;
import dev.tanren.plan.TrainingStage.OptimizerType;
import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.distributed.InProcessRanks;
import dev.tanren.trainer.distributed.TreeReduction;
import dev.tanren.trainer.model.common.Operators;
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

    /// Neither computes a number.
    private static final Set<String> WITHOUT_NUMBERS =
            Set.of("allocate", "logitsAtOnce", "inHostMemory", "await");

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
        assertThat(ExactOperators.ALL.keySet()).containsExactlyInAnyOrderElementsOf(operators);
    }

    static Stream<Arguments> operators() {
        return ExactOperators.ALL.keySet().stream()
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
        return Objects.requireNonNull(ExactOperators.ALL.get(name), name);
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
