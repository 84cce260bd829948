package dev.tanren.plan.units;

import java.math.BigDecimal;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A decimal number and the letters behind it.
record Quantity(BigDecimal number, String unit) {

    // Digits and exponent are bounded, so that no text can ask for a number of a million digits.
    private static final Pattern FORM =
            Pattern.compile(
                    "([-+]?\\d{1,20}(?:\\.\\d{1,20})?(?:[eE][-+]?\\d{1,2})?) ?(%|[A-Za-z]*)");

    /// @throws IllegalArgumentException when the text has another form
    static Quantity parse(String text) {
        Matcher matcher = FORM.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException("expected a number, perhaps with a unit: " + text);
        }
        return new Quantity(new BigDecimal(matcher.group(1)), matcher.group(2));
    }

    /// The whole number of base units.
    ///
    /// @throws IllegalArgumentException when the unit is unknown or the result is not whole, is
    ///     negative or does not fit
    long inWhole(Map<String, Long> units, String expected) {
        @Nullable Long factor = units.get(unit);
        if (factor == null) {
            throw new IllegalArgumentException("expected " + expected + ": " + number + unit);
        }
        try {
            long value = number.multiply(BigDecimal.valueOf(factor)).longValueExact();
            if (value >= 0) {
                return value;
            }
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "expected " + expected + ", whole and below 2^63: " + number + unit, e);
        }
        throw new IllegalArgumentException("expected " + expected + ", not negative: " + number);
    }

    /// The exact form with the fewest characters.
    static String shortest(long value, Map<String, Long> units) {
        String best = Long.toString(value);
        for (Map.Entry<String, Long> unit : units.entrySet()) {
            if (value != 0 && value % unit.getValue() == 0 && !unit.getKey().equals("B")) {
                String candidate = value / unit.getValue() + unit.getKey();
                if (candidate.length() < best.length()
                        || (candidate.length() == best.length() && candidate.compareTo(best) < 0)) {
                    best = candidate;
                }
            }
        }
        return best;
    }
}
