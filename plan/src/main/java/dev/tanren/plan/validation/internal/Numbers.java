package dev.tanren.plan.validation.internal;

import java.math.BigDecimal;

/// Numbers for messages.
final class Numbers {

    private Numbers() {}

    /// Without needless zeros: `1`, `0.5`, `1e-6`.
    static String shortest(double value) {
        BigDecimal exact = BigDecimal.valueOf(value).stripTrailingZeros();
        String plain = exact.toPlainString();
        return plain.length() <= 8 ? plain : exact.toString().replace("E", "e").replace("e+", "e");
    }
}
