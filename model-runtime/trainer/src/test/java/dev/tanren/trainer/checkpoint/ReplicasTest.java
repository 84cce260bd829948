package dev.tanren.trainer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.trainer.checkpoint.TrainingState.NamedTensor;
import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.distributed.InProcessRanks;
import dev.tanren.trainer.distributed.ProcessGroup;
import dev.tanren.trainer.distributed.TreeReduction;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.rank.TinyPlan;
import dev.tanren.trainer.tools.NativeRuntime;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ReplicasTest {

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(1);
    }

    @Test
    void equalStatesPass() throws Exception {
        assertThat(compared(4, -1, new Random(1))).containsOnly(Optional.empty());
    }

    @Test
    void oneBitOfAnyTensorIsFoundAndItsRankNamedByAll() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed of the changed bits: " + seed);
        Random random = new Random(seed);
        for (int again = 0; again < 8; again++) {
            int victim = random.nextInt(4);
            assertThat(compared(4, victim, random))
                    .as("seed %d", seed)
                    .hasSize(4)
                    .allSatisfy(
                            refused -> {
                                assertThat(refused).isPresent();
                                assertThat(refused.get().code())
                                        .isEqualTo(ErrorCode.REPLICAS_DIFFER);
                                assertThat(refused.get().where())
                                        .isEqualTo("ranks [" + victim + "]");
                                assertThat(refused.get().what())
                                        .contains("step 40", "rank " + victim + " is not that");
                            });
        }
    }

    @Test
    void ofTwoRanksNoneIsSaidToBeRight() throws Exception {
        assertThat(compared(2, 1, new Random(2)))
                .hasSize(2)
                .allSatisfy(
                        refused -> {
                            assertThat(refused).isPresent();
                            assertThat(refused.get().what()).contains("cannot be told");
                            assertThat(refused.get().where()).isEqualTo("ranks [0, 1]");
                        });
    }

    @Test
    void aRankAloneHasNothingToCompareWith() {
        try (TrainingState state = state();
                TreeReduction reduction = new TreeReduction(ProcessGroup.alone())) {
            new Replicas(state, ProcessGroup.alone(), reduction).requireEqual(40);
        }
    }

    /// What each rank's comparison comes to.
    ///
    /// @param victim rank of which one bit is changed; none where it is negative
    private static List<Optional<TanrenException>> compared(int ranks, int victim, Random random)
            throws Exception {
        try (InProcessRanks process = new InProcessRanks(ranks);
                ExecutorService threads = Executors.newFixedThreadPool(ranks)) {
            List<TrainingState> states = new ArrayList<>();
            List<Future<Optional<TanrenException>>> futures = new ArrayList<>();
            for (int rank = 0; rank < ranks; rank++) {
                TrainingState state = state();
                states.add(state);
                if (rank == victim) {
                    changeOneBit(state, random);
                }
                ProcessGroup group = process.group(rank);
                futures.add(threads.submit(() -> compare(state, group)));
            }
            List<Optional<TanrenException>> results = new ArrayList<>();
            for (Future<Optional<TanrenException>> future : futures) {
                results.add(future.get());
            }
            states.forEach(TrainingState::close);
            return results;
        }
    }

    private static Optional<TanrenException> compare(TrainingState state, ProcessGroup group) {
        try (TreeReduction reduction = new TreeReduction(group)) {
            new Replicas(state, group, reduction).requireEqual(40);
            return Optional.empty();
        } catch (TanrenException refused) {
            return Optional.of(refused);
        }
    }

    private static TrainingState state() {
        var stage = TinyPlan.stage(2);
        TrainingState state =
                TrainingState.allocate(
                        ParameterLayout.of(TinyPlan.ARCHITECTURE),
                        stage,
                        Timetable.of(stage),
                        ComputeDevice.HOST);
        Random numbers = new Random(3);
        for (NamedTensor tensor : state.tensors()) {
            MemorySegment bytes = tensor.bytes();
            for (long i = 0; i < bytes.byteSize() / Float.BYTES; i++) {
                bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, numbers.nextFloat());
            }
        }
        return state;
    }

    private static void changeOneBit(TrainingState state, Random random) {
        List<NamedTensor> tensors = state.tensors();
        MemorySegment bytes = tensors.get(random.nextInt(tensors.size())).bytes();
        long at = random.nextLong(bytes.byteSize());
        byte old = bytes.get(ValueLayout.JAVA_BYTE, at);
        bytes.set(ValueLayout.JAVA_BYTE, at, (byte) (old ^ 1 << random.nextInt(8)));
    }
}
