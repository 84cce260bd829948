package dev.tanren.storage.objects;

import java.nio.charset.StandardCharsets;

/// What may be an object's key. Keys end up in paths of file systems and in URLs, so those that
/// mean something there are refused.
public final class ObjectKeys {

    /// S3's own limit, prefix included.
    private static final int MAXIMUM_BYTES = 1024;

    private ObjectKeys() {}

    /// @throws IllegalArgumentException for an empty or too long key, a control character, a
    ///     backslash, a leading or doubled `/`, and the segments `.` and `..`
    public static String require(String key) {
        if (key.isEmpty() || key.getBytes(StandardCharsets.UTF_8).length > MAXIMUM_BYTES) {
            throw new IllegalArgumentException(
                    "an object key has 1 to " + MAXIMUM_BYTES + " bytes, not " + key.length());
        }
        if (key.chars().anyMatch(c -> Character.isISOControl(c) || c == '\\')) {
            throw new IllegalArgumentException(
                    "an object key holds no control character or backslash");
        }
        for (String segment : key.split("/", -1)) {
            if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
                throw new IllegalArgumentException(
                        "an object key has no empty, `.` or `..` segment: " + key);
            }
        }
        return key;
    }

    /// As [#require], for what a listing's keys begin with: empty, or ending in `/`, is right too.
    public static String requirePrefix(String prefix) {
        if (!prefix.isEmpty()) {
            require(prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix);
        }
        return prefix;
    }
}
