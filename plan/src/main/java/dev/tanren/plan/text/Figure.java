package dev.tanren.plan.text;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Measured numbers as people read them: few digits, with their unit.
public final class Figure {

    private static final int DIGITS = 4;

    /// More than a double has.
    private static final int MOST_DIGITS = 17;

    private Figure() {}

    /// Four significant digits, or as many as tell the number from those that it is compared with.
    /// What is not finite is `NaN`, `Infinity` or `-Infinity`.
    public static String of(double value, @Nullable Double... others) {
        if (!Double.isFinite(value)) {
            return Double.toString(value);
        }
        for (int digits = DIGITS; digits < MOST_DIGITS; digits++) {
            String text = rounded(value, digits);
            if (Arrays.stream(others)
                    .filter(Objects::nonNull)
                    .allMatch(other -> tells(text, value, other))) {
                return text;
            }
        }
        return rounded(value, MOST_DIGITS);
    }

    private static boolean tells(String text, double value, double other) {
        return value == other || Double.parseDouble(text) != other;
    }

    private static String rounded(double value, int digits) {
        BigDecimal rounded =
                BigDecimal.valueOf(value).round(new MathContext(digits)).stripTrailingZeros();
        return rounded.scale() < 0 ? rounded.setScale(0).toPlainString() : rounded.toPlainString();
    }

    /// A metric's value in the unit that its name says: a loss in nats per token, forgetting in
    /// percent.
    ///
    /// @param others that it is compared with, in the same measure
    public static String ofMetric(String metric, double value, @Nullable Double... others) {
        if (metric.endsWith(".forgetting")) {
            return of(
                            100 * value,
                            Arrays.stream(others)
                                    .map(other -> other == null ? null : 100 * other)
                                    .toArray(Double[]::new))
                    + " %";
        }
        return of(value, others) + (metric.endsWith(".loss") ? " nats/token" : "");
    }
}
