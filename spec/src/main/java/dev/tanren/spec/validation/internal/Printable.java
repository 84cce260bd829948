package dev.tanren.spec.validation.internal;

/// Text of a user, made fit for a message of one line.
final class Printable {

    private static final int LONGEST = 60;

    private Printable() {}

    static String of(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            if (out.length() >= LONGEST) {
                return out.append('…').toString();
            }
            char c = text.charAt(i);
            out.append(Character.isISOControl(c) ? '·' : c);
        }
        return out.toString();
    }
}
