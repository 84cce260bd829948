package dev.tanren.storage.objects;

/// Where the object store is. The keys are never part of it: a process gets them in the environment
/// variables [#ACCESS_KEY_VARIABLE] and [#SECRET_KEY_VARIABLE].
///
/// @param endpoint such as `http://127.0.0.1:9000`
/// @param prefix put before every key; empty or ending in `/`
public record StoreAddress(
        String endpoint, String region, String bucket, String prefix, boolean pathStyle) {
    public static final String ACCESS_KEY_VARIABLE = "TANREN_S3_ACCESS_KEY";
    public static final String SECRET_KEY_VARIABLE = "TANREN_S3_SECRET_KEY";
}
