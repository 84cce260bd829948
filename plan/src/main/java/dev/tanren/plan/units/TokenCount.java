package dev.tanren.plan.units;

import java.util.Map;

/// A number of tokens as people write it: `200k`, `1.5M`, `16Ki`, `4096`.
///
/// `k`, `M`, `G` (also `B`) and `T` are powers of 1000; `Ki`, `Mi` and `Gi` are powers of 1024.
///
/// @param tokens not negative
public record TokenCount(long tokens) {

    private static final Map<String, Long> UNITS =
            Map.of(
                    "", 1L,
                    "k", 1_000L,
                    "M", 1_000_000L,
                    "G", 1_000_000_000L,
                    "B", 1_000_000_000L,
                    "T", 1_000_000_000_000L,
                    "Ki", 1L << 10,
                    "Mi", 1L << 20,
                    "Gi", 1L << 30);

    public TokenCount {
        if (tokens < 0) {
            throw new IllegalArgumentException("a token count is not negative: " + tokens);
        }
    }

    /// @throws IllegalArgumentException when the text is no such size, or no whole number of tokens
    public static TokenCount parse(String text) {
        return new TokenCount(
                Quantity.parse(text).inWhole(UNITS, "a token count such as 4096, 16Ki or 1.5M"));
    }

    /// The shortest exact form.
    @Override
    public String toString() {
        return Quantity.shortest(tokens, UNITS);
    }
}
