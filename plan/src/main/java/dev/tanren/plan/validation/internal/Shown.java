package dev.tanren.plan.validation.internal;

import dev.tanren.plan.text.Printable;

/// Text of a user in a message of one line: printable, and not longer than helps.
final class Shown {

    private static final int LONGEST = 60;

    private Shown() {}

    static String of(String text) {
        return Printable.of(text, LONGEST);
    }
}
