package dev.tanren.plan.text;

import java.util.Locale;
import java.util.OptionalInt;

/// Which characters a text may have that is kept and shown: all but control characters other than
/// tab and line break, and halves of surrogate pairs. PostgreSQL refuses NUL and what is no
/// Unicode; the others move the cursor of whoever reads the text on a terminal.
public final class StorableText {

    private StorableText() {}

    /// Index of the first character that may not be kept, in UTF-16 units from 0.
    public static OptionalInt firstRefused(String text) {
        for (int at = 0; at < text.length(); at++) {
            if (refused(text, at)) {
                return OptionalInt.of(at);
            }
        }
        return OptionalInt.empty();
    }

    /// The text with what may not be kept as visible escapes, such as `\u0000`. A text that may be
    /// kept is given back as it is, so doing it twice changes nothing.
    public static String of(String text) {
        OptionalInt first = firstRefused(text);
        if (first.isEmpty()) {
            return text;
        }
        StringBuilder shown = new StringBuilder(text.length() + 16);
        shown.append(text, 0, first.getAsInt());
        for (int at = first.getAsInt(); at < text.length(); at++) {
            char unit = text.charAt(at);
            if (refused(text, at)) {
                shown.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
            } else {
                shown.append(unit);
            }
        }
        return shown.toString();
    }

    /// Names the character at an index, such as `U+0000`.
    public static String name(String text, int at) {
        return String.format(Locale.ROOT, "U+%04X", (int) text.charAt(at));
    }

    private static boolean refused(String text, int at) {
        char unit = text.charAt(at);
        if (Character.isSurrogate(unit)) {
            return SurrogatePairs.isHalf(text, at);
        }
        return Character.isISOControl(unit) && unit != '\n' && unit != '\t' && unit != '\r';
    }
}
