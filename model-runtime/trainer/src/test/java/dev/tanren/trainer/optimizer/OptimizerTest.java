package dev.tanren.trainer.optimizer;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Momentum;
import dev.tanren.plan.TrainingStage.OptimizerType;
import dev.tanren.plan.TrainingStage.WeightDecayOn;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.tools.NativeRuntime;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Four steps against PyTorch's own optimizers.
class OptimizerTest {

    private static ReferenceFigures figures;

    @BeforeAll
    static void open() {
        NativeRuntime.configure(2);
        figures = new ReferenceFigures();
    }

    @AfterAll
    static void close() {
        figures.close();
    }

    private static TrainingStage.Optimizer plan(
            OptimizerType type, WeightDecayOn on, @Nullable Momentum momentum) {
        return new TrainingStage.Optimizer(type, 0.02, 0.9, 0.95, 1e-8, 0.1, null, on, momentum);
    }

    private static TrainingStage.Optimizer plan(OptimizerType type) {
        return plan(
                type,
                WeightDecayOn.MATRICES,
                switch (type) {
                    case ADAMW -> null;
                    case SGD -> new Momentum(0.9, false);
                    case MUON -> new Momentum(0.95, true);
                });
    }

    /// The weights after four steps.
    private static FlatBuffer train(TrainingStage.Optimizer plan) {
        FlatBuffer weights = figures.buffer("weights");
        try (Optimizer optimizer = Optimizer.of(plan, ReferenceFigures.LAYOUT, weights)) {
            for (int step = 0; step < 4; step++) {
                try (FlatBuffer gradient = figures.buffer("gradient." + step)) {
                    optimizer.step(gradient, step + 1L, 0.02, 1);
                }
            }
        }
        return weights;
    }

    /// Difference of the change of a parameter from the reference's, relative to that.
    private static double distance(FlatBuffer weights, String reference, String parameter) {
        ParameterLayout.Entry entry = ReferenceFigures.LAYOUT.entry(parameter);
        double[] first = figures.numbers("weights." + parameter);
        double[] expected = figures.numbers(reference + "." + parameter);
        double difference = 0;
        double change = 0;
        for (int i = 0; i < expected.length; i++) {
            double actual = weights.segment().getAtIndex(JAVA_FLOAT, entry.offset() + i);
            difference += Math.pow(actual - expected[i], 2);
            change += Math.pow(expected[i] - first[i], 2);
        }
        return Math.sqrt(difference / change);
    }

    private static void assertClose(
            TrainingStage.Optimizer plan, String reference, double tolerance) {
        try (FlatBuffer weights = train(plan)) {
            for (ParameterLayout.Entry entry : ReferenceFigures.LAYOUT.entries()) {
                assertThat(distance(weights, reference, entry.name()))
                        .as(entry.name())
                        .isLessThan(tolerance);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(WeightDecayOn.class)
    void adamWDecaysTheParametersThatThePlanNames(WeightDecayOn on) {
        String word = on.name().toLowerCase(Locale.ROOT).replace('_', '-');
        assertClose(plan(OptimizerType.ADAMW, on, null), "adamw-" + word, 1e-5);
    }

    @Test
    void aDecayOfOtherParametersIsToldApart() {
        try (FlatBuffer weights =
                train(plan(OptimizerType.ADAMW, WeightDecayOn.HIDDEN_MATRICES, null))) {
            assertThat(distance(weights, "adamw-matrices", "embedding")).isGreaterThan(1e-3);
            assertThat(distance(weights, "adamw-matrices", "tall")).isLessThan(1e-5);
        }
    }

    @ParameterizedTest
    @CsvSource({"false, sgd", "true, sgd-nesterov"})
    void sgdIsThatOfPyTorch(boolean nesterov, String reference) {
        assertClose(
                plan(OptimizerType.SGD, WeightDecayOn.MATRICES, new Momentum(0.9, nesterov)),
                reference,
                1e-5);
    }

    /// Five steps make up to 3.4445⁵ of the rounding of a small singular value.
    @Test
    void muonIsThatOfPyTorchInWiderArithmetic() {
        assertClose(plan(OptimizerType.MUON), "muon", 1e-4);
    }

    @Test
    void muonIsThatOfPyTorchUpToItsBfloat16() {
        assertClose(plan(OptimizerType.MUON), "muon-bf16", 2e-2);
    }

    @ParameterizedTest
    @EnumSource(OptimizerType.class)
    void bitsDoNotDependOnTheThreadsOfOurLoops(OptimizerType type) {
        ComputeThreads.configure(1);
        try (FlatBuffer one = train(plan(type))) {
            ComputeThreads.configure(3);
            try (FlatBuffer three = train(plan(type))) {
                assertThat(three.segment().mismatch(one.segment())).isEqualTo(-1);
            }
        } finally {
            ComputeThreads.configure(2);
        }
    }

    @ParameterizedTest
    @EnumSource(OptimizerType.class)
    void whoGoesOnWithItsStateHasTheBitsOfWhoNeverStopped(OptimizerType type) {
        try (FlatBuffer whole = train(plan(type));
                FlatBuffer weights = figures.buffer("weights");
                Optimizer before = Optimizer.of(plan(type), ReferenceFigures.LAYOUT, weights);
                Optimizer after = Optimizer.of(plan(type), ReferenceFigures.LAYOUT, weights)) {
            for (int step = 0; step < 4; step++) {
                if (step == 2) {
                    for (int i = 0; i < before.state().size(); i++) {
                        after.state().get(i).bytes().copyFrom(before.state().get(i).bytes());
                    }
                }
                try (FlatBuffer gradient = figures.buffer("gradient." + step)) {
                    (step < 2 ? before : after).step(gradient, step + 1L, 0.02, 1);
                }
            }
            assertThat(weights.segment().mismatch(whole.segment())).isEqualTo(-1);
        }
    }

    @Test
    void muonKeepsOneNumberForAHiddenElementAndTwoForOthers() {
        try (FlatBuffer weights = figures.buffer("weights");
                Optimizer muon =
                        Optimizer.of(plan(OptimizerType.MUON), ReferenceFigures.LAYOUT, weights)) {
            assertThat(muon.state())
                    .extracting(state -> state.kind() + "/" + state.parameter().name())
                    .containsExactly(
                            "muon.momentum_buffer/tall",
                            "muon.momentum_buffer/wide",
                            "muon.momentum_buffer/square",
                            "adamw.exp_avg/embedding",
                            "adamw.exp_avg/norm",
                            "adamw.exp_avg/head",
                            "adamw.exp_avg_sq/embedding",
                            "adamw.exp_avg_sq/norm",
                            "adamw.exp_avg_sq/head");
            assertThat(muon.state())
                    .allMatch(
                            state ->
                                    state.bytes().byteSize()
                                            == state.parameter().elements() * Float.BYTES);
        }
    }
}
