package dev.tanren.plan.text;

/// Pairs of UTF-16 units that spell one character.
final class SurrogatePairs {

    private SurrogatePairs() {}

    /// Whether a surrogate stands without its other half, which is no character at all.
    static boolean isHalf(String text, int at) {
        return Character.isHighSurrogate(text.charAt(at))
                ? at + 1 == text.length() || !Character.isLowSurrogate(text.charAt(at + 1))
                : at == 0 || !Character.isHighSurrogate(text.charAt(at - 1));
    }
}
