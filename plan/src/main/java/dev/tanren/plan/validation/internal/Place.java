package dev.tanren.plan.validation.internal;

import java.util.regex.Pattern;

/// A position in the text and in the tree of a document.
///
/// @param line from 1
/// @param column from 1
public record Place(int line, int column, String path) {

    private static final Pattern PLAIN = Pattern.compile("[\\w@-]+");

    /// The path of a member of the mapping at `path`.
    public static String member(String path, String key) {
        if (!PLAIN.matcher(key).matches()) {
            return path + "[\"" + Shown.of(key) + "\"]";
        }
        return path.isEmpty() ? key : path + "." + key;
    }

    Place withPath(String other) {
        return new Place(line, column, other);
    }
}
