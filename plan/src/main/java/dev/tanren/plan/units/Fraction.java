package dev.tanren.plan.units;

import java.math.BigDecimal;

/// A share as people write it: `2%` or `0.02`.
///
/// @param value finite; 1 is the whole
public record Fraction(double value) {

    public Fraction {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException("a share is a finite number: " + value);
        }
    }

    /// @throws IllegalArgumentException when the text is neither a number nor a percentage
    public static Fraction parse(String text) {
        Quantity quantity = Quantity.parse(text);
        return switch (quantity.unit()) {
            case "" -> new Fraction(quantity.number().doubleValue());
            case "%" -> new Fraction(quantity.number().movePointLeft(2).doubleValue());
            default ->
                    throw new IllegalArgumentException(
                            "expected a share such as 2% or 0.02: " + text);
        };
    }

    /// As a percentage, exact.
    @Override
    public String toString() {
        return BigDecimal.valueOf(value).movePointRight(2).stripTrailingZeros().toPlainString()
                + "%";
    }
}
