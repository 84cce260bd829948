package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.launch.InitialState;
import dev.tanren.plan.Objective;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.testing.StageBuilder;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The objective of a plan, through real rank processes.
class ObjectiveProcessTest {

    private static final InitialState FRESH = new InitialState.Random();
    private static final double FACTOR = 1e-2;

    @TempDir static Path folder;
    private static Rig rig;
    private static Reference plain;

    @BeforeAll
    static void trainWithCrossEntropyAlone() throws Exception {
        rig = Rig.start(folder);
        plain = train("plain", Objective.CROSS_ENTROPY);
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    private static Reference train(String runId, Objective objective) throws Exception {
        TrainingStage stage =
                StageBuilder.of(TinyPlan.stage(100)).evaluation(null).objective(objective).build();
        return Reference.train(rig.setting(runId).with(TinyPlan.plan(stage)), "short", 1, FRESH);
    }

    @Test
    void aZLossIsReportedBesideTheLossAndChangesTheWeights() throws Exception {
        Reference other = train("z-loss", new Objective(FACTOR, 0));
        assertThat(plain.steps().values()).extracting("zLoss").containsOnlyNulls();
        assertThat(other.steps()).hasSize(TinyPlan.STEPS_OF_PHASE);
        assertThat(other.steps().values())
                .allSatisfy(step -> assertThat(step.zLoss()).isPositive());
        // Of fresh weights all logits are near 0, so the logarithm of their sum is near that of the
        // number of tokens.
        double expected = FACTOR * Math.pow(Math.log(TinyPlan.ARCHITECTURE.vocabSize()), 2);
        assertThat(other.step(1).zLoss()).isCloseTo(expected, within(0.1 * expected));
        assertTrainsOtherwise(other);
    }

    @Test
    void smoothedLabelsChangeTheWeights() throws Exception {
        Reference other = train("smoothed", new Objective(0, 0.1));
        assertThat(other.steps().values()).extracting("zLoss").containsOnlyNulls();
        assertTrainsOtherwise(other);
    }

    /// From the same weights and batches: the loss is plain cross-entropy whatever the objective,
    /// and the gradient is not.
    private static void assertTrainsOtherwise(Reference other) {
        assertThat(other.step(1).batchHash()).isEqualTo(plain.step(1).batchHash());
        assertThat(other.step(1).loss()).isEqualTo(plain.step(1).loss());
        assertThat(other.step(1).gradientNorm()).isNotEqualTo(plain.step(1).gradientNorm());
        assertThat(other.step(2).loss()).isNotEqualTo(plain.step(2).loss());
        assertThat(other.hash()).isNotEqualTo(plain.hash());
    }
}
