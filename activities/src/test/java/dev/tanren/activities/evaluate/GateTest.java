package dev.tanren.activities.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.activities.evaluate.Gate.Figures;
import dev.tanren.plan.Stage.Requirement;
import dev.tanren.plan.TrainingStage.Precision;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.Metrics.EvaluationRow;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GateTest {

    private static final Map<String, Figures> BEFORE = Map.of("prose", figures(20));

    @Test
    void forgettingIsTheRelativeRiseOfPerplexityAgainstTheStateBeforeTraining() {
        Gate gate = new Gate(Map.of("prose", figures(22)), Map.of(), BEFORE);

        assertThat(gate.metrics().get("prose.forgetting"))
                .isCloseTo(0.1, org.assertj.core.data.Offset.offset(1e-12));
    }

    @Test
    void runtimesThatDifferByMoreThanRoundingDisagree() {
        Gate gate = new Gate(Map.of("prose", figures(20.1)), Map.of("prose", figures(20)), BEFORE);

        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> gate.requireAgreement("gate", Precision.FP32))
                .matches(error -> error.code() == ErrorCode.RUNTIMES_DISAGREE)
                .withMessageContaining(
                        "perplexity of prose is 20.1 in the inference runtime and 20 in the"
                                + " trainer, relatively more than 0.0001 apart");
    }

    @Test
    void aFigureThatIsNoNumberAgreesWithNothing() {
        Gate gate =
                new Gate(
                        Map.of("prose", figures(Double.NaN)), Map.of("prose", figures(20)), BEFORE);

        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> gate.requireAgreement("gate", Precision.FP32));
    }

    @Test
    void runtimesThatDifferByRoundingAgree() {
        Gate gate =
                new Gate(Map.of("prose", figures(20.001)), Map.of("prose", figures(20)), BEFORE);

        assertThatCode(() -> gate.requireAgreement("gate", Precision.FP32))
                .doesNotThrowAnyException();
    }

    @Test
    void productsOfBfloat16RoundMoreAndHideNoWrongExport() {
        Gate rounded =
                new Gate(Map.of("prose", figures(20.1)), Map.of("prose", figures(20)), BEFORE);
        Gate wrong = new Gate(Map.of("prose", figures(20.2)), Map.of("prose", figures(20)), BEFORE);

        assertThatCode(() -> rounded.requireAgreement("gate", Precision.BF16))
                .doesNotThrowAnyException();
        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> wrong.requireAgreement("gate", Precision.BF16))
                .matches(error -> error.code() == ErrorCode.RUNTIMES_DISAGREE);
    }

    @Test
    void aGateThatClosesNamesMetricValueAndBoundOfEachThatFails() {
        Gate gate = new Gate(Map.of("prose", figures(22)), Map.of(), BEFORE);
        var checks =
                gate.checks(
                        Map.of(
                                "prose.perplexity", new Requirement(21.0, null),
                                "prose.loss", new Requirement(null, 0.0),
                                "code.perplexity", new Requirement(60.0, null)));

        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> gate.requireChecks("gate", checks))
                .matches(error -> error.code() == ErrorCode.GATE_FAILED)
                .withMessageContainingAll(
                        "prose.perplexity is 22, must be below 21",
                        "code.perplexity was not measured");
    }

    /// The bundle of averaged weights is measured against the trainer's mean, not its weights.
    @Test
    void figuresOfTheMeanAndOfTheWeightsAreToldApart() {
        List<EvaluationRow> rows =
                List.of(
                        new EvaluationRow(0, "prose", 4, 55, 100),
                        new EvaluationRow(8, "prose", 3, 20, 100),
                        new EvaluationRow(8, "prose@averaged", 2.9, 18, 100));

        assertThat(Gate.figuresOf(rows, 8, true))
                .containsExactly(Map.entry("prose", new Figures(2.9, 18, 100)));
        assertThat(Gate.figuresOf(rows, 8, false))
                .containsExactly(Map.entry("prose", new Figures(3, 20, 100)));
        assertThat(Gate.figuresOf(rows, 0, false)).containsOnlyKeys("prose");
    }

    private static Figures figures(double perplexity) {
        return new Figures(Math.log(perplexity), perplexity, 100);
    }
}
