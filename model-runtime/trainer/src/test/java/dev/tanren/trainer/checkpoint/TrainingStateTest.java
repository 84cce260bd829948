package dev.tanren.trainer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.testing.StageBuilder;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.trainer.device.ComputeDevice;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.rank.TinyPlan;
import dev.tanren.trainer.tools.NativeRuntime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class TrainingStateTest {

    private static final ParameterLayout LAYOUT = ParameterLayout.of(TinyPlan.ARCHITECTURE);

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(1);
    }

    private static TrainingState state(TrainingStage.Optimizer optimizer) {
        TrainingStage stage = StageBuilder.of(TinyPlan.stage(2)).optimizer(optimizer).build();
        return TrainingState.allocate(LAYOUT, stage, Timetable.of(stage), ComputeDevice.HOST);
    }

    @Test
    void plainWeightsAreNeverGivenOutAsAMean() {
        TrainingState.requireAverage(
                Map.of("averaging.type", "last", "averaging.taken", "2"), "manifest");
        for (Map<String, String> values :
                List.of(
                        Map.<String, String>of(),
                        Map.of("averaging.type", "none"),
                        Map.of("averaging.type", "last", "averaging.taken", "0"))) {
            assertThatThrownBy(() -> TrainingState.requireAverage(values, "manifest"))
                    .isInstanceOfSatisfying(
                            TanrenException.class,
                            refused ->
                                    assertThat(refused.code())
                                            .isEqualTo(ErrorCode.AVERAGE_MISSING));
        }
    }

    private static TrainingStage.Optimizer sgd() {
        return new TrainingStage.Optimizer(
                TrainingStage.OptimizerType.SGD,
                1e-2,
                0.9,
                0.95,
                1e-8,
                0.1,
                1.0,
                TrainingStage.WeightDecayOn.MATRICES,
                new TrainingStage.Momentum(0.9, false));
    }

    /// Checkpoints that were made before there were other optimizers say nothing of theirs.
    @Test
    void aCheckpointThatNamesNoOptimizerIsOfAdamW() {
        try (TrainingState state = state(TinyPlan.stage(2).optimizer())) {
            state.requireSameKinds(Map.of(), "manifest.json");
            assertThat(state.tensors())
                    .extracting(TrainingState.NamedTensor::name)
                    .contains(
                            "model.norm.weight",
                            "adamw.exp_avg/model.norm.weight",
                            "adamw.exp_avg_sq/model.norm.weight")
                    .hasSize(3 * LAYOUT.entries().size());
        }
    }

    @Test
    void aCheckpointOfAnotherOptimizerIsRefusedByName() {
        try (TrainingState adamW = state(TinyPlan.stage(2).optimizer());
                TrainingState sgd = state(sgd())) {
            assertThatThrownBy(() -> adamW.requireSameKinds(sgd.values(), "manifest.json"))
                    .isInstanceOfSatisfying(
                            TanrenException.class,
                            e -> {
                                assertThat(e.code()).isEqualTo(ErrorCode.CHECKPOINT_OTHER_PLAN);
                                assertThat(e.what()).contains("sgd").contains("adamw");
                                assertThat(e.where()).isEqualTo("manifest.json");
                            });
            assertThatThrownBy(() -> sgd.requireSameKinds(Map.of(), "manifest.json"))
                    .isInstanceOf(TanrenException.class);
        }
    }

    @Test
    void aCheckpointWithAnotherAveragingIsRefused() {
        try (TrainingState state = state(TinyPlan.stage(2).optimizer())) {
            Map<String, String> averaged = Map.of("averaging.type", "ema");
            assertThatThrownBy(() -> state.requireSameKinds(averaged, "manifest.json"))
                    .isInstanceOfSatisfying(
                            TanrenException.class,
                            e -> assertThat(e.what()).contains("ema").contains("none"));
        }
    }
}
