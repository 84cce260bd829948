package dev.tanren.plan.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class FigureTest {

    @Test
    void aNumberHasFourDigitsAndItsUnit() {
        assertThat(Figure.ofMetric("code.loss", 4.123456789012345)).isEqualTo("4.123 nats/token");
        assertThat(Figure.ofMetric("code.perplexity", 61.74839201)).isEqualTo("61.75");
        assertThat(Figure.ofMetric("prose.forgetting", 0.0712345678)).isEqualTo("7.123 %");
        assertThat(Figure.of(60.0)).isEqualTo("60");
        assertThat(Figure.of(1.0E12)).isEqualTo("1000000000000");
        assertThat(Figure.of(1.23456E-7)).isEqualTo("0.0000001235");
        assertThat(Figure.of(0)).isEqualTo("0");
    }

    @Test
    void aValueNearItsBoundHasAsManyDigitsAsTellThemApart() {
        assertThat(Figure.ofMetric("code.perplexity", 60.0004, 60.0, null)).isEqualTo("60.0004");
        assertThat(Figure.ofMetric("code.forgetting", 0.0500001, 0.05)).isEqualTo("5.00001 %");
        assertThat(Figure.ofMetric("code.perplexity", 60.0, 60.0)).isEqualTo("60");
    }

    @Test
    void whatIsNoNumberIsNamed() {
        assertThat(Figure.of(Double.NaN)).isEqualTo("NaN");
        assertThat(Figure.of(Double.POSITIVE_INFINITY)).isEqualTo("Infinity");
        assertThat(Figure.of(Double.NEGATIVE_INFINITY)).isEqualTo("-Infinity");
    }
}
