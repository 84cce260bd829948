package dev.tanren.trainer.model.host;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.plan.Objective;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Losses;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.optimizer.ReferenceFigures;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import dev.tanren.trainer.tools.NativeRuntime;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CrossEntropyTest {

    private static final int ROWS = 7;

    private ReferenceFigures figures;

    @BeforeAll
    static void loadNatives() {
        NativeRuntime.configure(2);
    }

    @BeforeEach
    void open() {
        figures = new ReferenceFigures();
    }

    @AfterEach
    void close() {
        figures.close();
    }

    @Test
    void aSmoothedObjectiveWithZLossHasTheGradientsOfPyTorch() {
        double[] logits = figures.numbers("objective.logits");
        Losses losses = Losses.of(ROWS);
        double[] gradient =
                gradient(
                        logits,
                        figures.ints("objective.targets"),
                        new Objective(1e-2, 0.1),
                        losses,
                        0.25);
        double[] expected = figures.numbers("objective.gradient");
        for (int i = 0; i < expected.length; i++) {
            assertThat(gradient[i]).as("%s", i).isCloseTo(expected[i], within(1e-6));
        }
    }

    @Test
    void theReportedLossIsPlainCrossEntropyWhateverTheObjective() {
        Losses losses = Losses.of(ROWS);
        gradient(
                figures.numbers("objective.logits"),
                figures.ints("objective.targets"),
                new Objective(1e-2, 0.1),
                losses,
                0.25);
        double[] expected = figures.numbers("objective.losses");
        for (int row = 0; row < ROWS; row++) {
            assertThat(losses.crossEntropies()[row]).isCloseTo(expected[row], within(1e-5));
        }
    }

    @Test
    void theZLossIsReportedApartFromTheLossAndOnlyWhereItIsAskedFor() {
        int vocabulary = 3;
        double[] logits = {1, 2, 3, 4, 4, 4, -1, 0, 1};
        int[] targets = {0, MicroBatch.IGNORED, 2};
        double expected = 0;
        for (int row : new int[] {0, 2}) {
            double sum = 0;
            for (int v = 0; v < vocabulary; v++) {
                sum += Math.exp(logits[row * vocabulary + v]);
            }
            expected += 1e-2 * Math.log(sum) * Math.log(sum);
        }
        assertThat(zLossSum(logits, targets, new Objective(1e-2, 0)))
                .isCloseTo(expected, within(1e-7));
        assertThat(zLossSum(logits, targets, Objective.CROSS_ENTROPY)).isZero();
    }

    private static double zLossSum(double[] logits, int[] targets, Objective objective) {
        Losses losses = Losses.of(targets.length);
        gradient(logits, targets, objective, losses, 1);
        return losses.zLossSum();
    }

    /// The gradient of the objective as its documentation states it, in double precision, over a
    /// vocabulary of several tiles.
    @Test
    void everyObjectiveIsItsFormulaOverALargeVocabulary() {
        int vocabulary = 5000;
        SplittableRandom random = new SplittableRandom(3);
        double[] logits = new double[2 * vocabulary];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (4 * random.nextGaussian());
        }
        int[] targets = {4999, 2048};
        for (Objective objective :
                new Objective[] {
                    Objective.CROSS_ENTROPY, new Objective(1e-3, 0), new Objective(0, 0.2)
                }) {
            double[] actual = gradient(logits, targets, objective, Losses.of(2), 0.5);
            for (int row = 0; row < 2; row++) {
                double sum = 0;
                for (int v = 0; v < vocabulary; v++) {
                    sum += Math.exp(logits[row * vocabulary + v]);
                }
                for (int v = 0; v < vocabulary; v++) {
                    double p = Math.exp(logits[row * vocabulary + v]) / sum;
                    double expected =
                            p * (1 + 2 * objective.zLoss() * Math.log(sum))
                                    - objective.labelSmoothing() / vocabulary
                                    - (v == targets[row] ? 1 - objective.labelSmoothing() : 0);
                    assertThat(actual[row * vocabulary + v])
                            .as("%s at %s", objective, v)
                            .isCloseTo(0.5 * expected, within(2e-7));
                }
            }
        }
    }

    private static double[] gradient(
            double[] logits, int[] targets, Objective objective, Losses losses, double scale) {
        int vocabulary = logits.length / targets.length;
        try (FlatBuffer buffer = FlatBuffer.allocate(logits.length)) {
            for (int i = 0; i < logits.length; i++) {
                buffer.segment().setAtIndex(JAVA_FLOAT, i, (float) logits[i]);
            }
            CrossEntropies.lossesAndGradient(
                    new Matrix(
                            buffer.tensor(),
                            buffer.segment(),
                            Format.FLOAT32,
                            targets.length,
                            vocabulary),
                    targets,
                    0,
                    losses,
                    objective,
                    scale);
            double[] gradient = new double[logits.length];
            for (int i = 0; i < gradient.length; i++) {
                gradient[i] = buffer.segment().getAtIndex(JAVA_FLOAT, i);
            }
            return gradient;
        }
    }
}
