package dev.tanren.activities.source.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectKeys;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/// An `s3://bucket/key` URI.
///
/// @param key as written; may be empty, and may end in `/`
/// @param text the URI itself
public record BucketUri(String bucket, String key, String text) {

    private static final String SCHEME = "s3:";
    private static final String BEFORE_BUCKET = "s3://";

    /// @return empty for other schemes
    /// @throws TanrenException `SOURCE_UNREADABLE` where the scheme is `s3` and the rest is no
    ///     bucket and key
    public static Optional<BucketUri> parse(String uri) {
        if (!uri.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return Optional.empty();
        }
        if (!uri.regionMatches(true, 0, BEFORE_BUCKET, 0, BEFORE_BUCKET.length())) {
            throw unusable(uri, "it does not begin with s3://", null);
        }
        String rest = uri.substring(BEFORE_BUCKET.length());
        int slash = rest.indexOf('/');
        String bucket = slash < 0 ? rest : rest.substring(0, slash);
        String key = slash < 0 ? "" : rest.substring(slash + 1);
        if (bucket.isEmpty()) {
            throw unusable(uri, "it names no bucket", null);
        }
        try {
            ObjectKeys.requirePrefix(key);
        } catch (IllegalArgumentException e) {
            throw unusable(uri, e.getMessage(), e);
        }
        return Optional.of(new BucketUri(bucket, key, uri));
    }

    /// What URIs of its objects begin with.
    public String root() {
        return BEFORE_BUCKET + bucket + "/";
    }

    /// What the keys of the files begin with where the URI names a folder.
    public String folderPrefix() {
        return key.isEmpty() || key.endsWith("/") ? key : key + "/";
    }

    /// Path below the folder of an object in it.
    ///
    /// @throws TanrenException `SOURCE_UNREADABLE` where the key is no path that is read
    public Path relative(String objectKey) {
        try {
            return Path.of(ObjectKeys.require(objectKey).substring(folderPrefix().length()));
        } catch (IllegalArgumentException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "the object's key is not read: " + e.getMessage(),
                    root() + objectKey,
                    "Copy the object to another key, or name a folder without it.",
                    e);
        }
    }

    /// Whether an object of the folder is a file of the source: no marker of a folder, and no part
    /// of its path below the source begins with a dot.
    public boolean shows(String objectKey) {
        String below = objectKey.substring(folderPrefix().length());
        return !below.isEmpty()
                && !below.endsWith("/")
                && Arrays.stream(below.split("/", -1)).noneMatch(part -> part.startsWith("."));
    }

    private static TanrenException unusable(
            String uri,
            @org.jspecify.annotations.Nullable String what,
            @org.jspecify.annotations.Nullable Exception cause) {
        return new TanrenException(
                ErrorCode.SOURCE_UNREADABLE,
                "the URI is unusable: " + what,
                uri,
                "Write s3://bucket/path.",
                cause);
    }
}
