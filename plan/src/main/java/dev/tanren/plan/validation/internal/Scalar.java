package dev.tanren.plan.validation.internal;

import java.util.Set;
import java.util.regex.Pattern;

/// The text of a single value.
///
/// @param plain whether it stood without quotes
record Scalar(String text, boolean plain) {

    private static final Set<String> NOTHING = Set.of("", "~", "null", "Null", "NULL");
    private static final Set<String> TRUTH = Set.of("true", "false");
    private static final Pattern NUMBER =
            Pattern.compile("[-+]?\\d{1,20}(\\.\\d{0,20})?([eE][-+]?\\d{1,3})?");

    boolean isNothing() {
        return plain && NOTHING.contains(text);
    }

    boolean isTruth() {
        return plain && TRUTH.contains(text);
    }

    boolean isNumber() {
        return plain && NUMBER.matcher(text).matches();
    }

    String describe() {
        if (isNothing()) {
            return "nothing";
        }
        return plain ? Shown.of(text) : "\"" + Shown.of(text) + "\"";
    }
}
