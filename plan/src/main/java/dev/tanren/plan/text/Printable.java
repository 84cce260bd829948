package dev.tanren.plan.text;

import java.util.Locale;

/// Text from outside (names of files, keys, words of a plan) made fit for a message of one line.
///
/// What would move a terminal's cursor, break a line or turn the direction of writing is shown as
/// an escape such as `\n` or `\u001b`; all else stays as it is. Doing it twice changes nothing.
public final class Printable {

    private Printable() {}

    public static String of(String text) {
        int clean = 0;
        while (clean < text.length() && !hidden(text, clean)) {
            clean++;
        }
        if (clean == text.length()) {
            return text;
        }
        StringBuilder shown = new StringBuilder(text.length() + 16).append(text, 0, clean);
        for (int at = clean; at < text.length(); at++) {
            char unit = text.charAt(at);
            if (hidden(text, at)) {
                shown.append(escape(unit));
            } else {
                shown.append(unit);
            }
        }
        return shown.toString();
    }

    /// The same, and no longer than helps.
    public static String of(String text, int most) {
        String shown = of(text);
        if (shown.length() <= most) {
            return shown;
        }
        int cut = Character.isHighSurrogate(shown.charAt(most - 1)) ? most - 1 : most;
        return shown.substring(0, cut) + '…';
    }

    /// The same as [#of(String)], but lines stay lines: for what other programs said.
    public static String lines(String text) {
        return String.join("\n", text.lines().map(Printable::of).toList());
    }

    private static boolean hidden(String text, int at) {
        char unit = text.charAt(at);
        if (unit < 0x7f) {
            return unit < ' ';
        }
        if (Character.isSurrogate(unit)) {
            return SurrogatePairs.isHalf(text, at);
        }
        return switch (Character.getType(unit)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    true;
            default -> false;
        };
    }

    private static String escape(char unit) {
        return switch (unit) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> String.format(Locale.ROOT, "\\u%04x", (int) unit);
        };
    }
}
