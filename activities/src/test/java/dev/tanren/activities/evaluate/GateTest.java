package dev.tanren.activities.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tanren.activities.evaluate.Gate.Figures;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.Stage.Requirement;
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
                .isThrownBy(() -> gate.requireAgreement("gate"))
                .matches(error -> error.code() == ErrorCode.RUNTIMES_DISAGREE)
                .withMessageContainingAll("prose", "20.1", "20.0");
    }

    @Test
    void aFigureThatIsNoNumberAgreesWithNothing() {
        Gate gate =
                new Gate(
                        Map.of("prose", figures(Double.NaN)), Map.of("prose", figures(20)), BEFORE);

        assertThatExceptionOfType(TanrenException.class)
                .isThrownBy(() -> gate.requireAgreement("gate"));
    }

    @Test
    void runtimesThatDifferByRoundingAgree() {
        Gate gate =
                new Gate(Map.of("prose", figures(20.001)), Map.of("prose", figures(20)), BEFORE);

        assertThatCode(() -> gate.requireAgreement("gate")).doesNotThrowAnyException();
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
                        "prose.perplexity is 22.0, must be below 21.0",
                        "code.perplexity was not measured");
    }

    private static Figures figures(double perplexity) {
        return new Figures(Math.log(perplexity), perplexity, 100);
    }
}
