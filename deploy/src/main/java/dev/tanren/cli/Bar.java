package dev.tanren.cli;

/// A share drawn as a bar of block characters, to an eighth of a character.
final class Bar {

    private static final String EIGHTHS = " ▏▎▍▌▋▊▉█";

    private Bar() {}

    /// @param share 0 to 1; what lies outside is cut off
    /// @param width in characters, which the text always has
    static String of(double share, int width) {
        long eighths = Math.round(Math.clamp(share, 0, 1) * width * 8);
        int whole = (int) (eighths / 8);
        int rest = (int) (eighths % 8);
        StringBuilder text = new StringBuilder("█".repeat(whole));
        if (rest > 0) {
            text.append(EIGHTHS.charAt(rest));
        }
        return text.repeat(" ", width - text.length()).toString();
    }
}
