package dev.tanren.storage.objects;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.net.URI;
import java.util.Locale;
import java.util.Map;

/// Where the object store is. The keys are never part of it: a process gets them in the environment
/// variables [#ACCESS_KEY_VARIABLE] and [#SECRET_KEY_VARIABLE].
///
/// @param endpoint such as `http://127.0.0.1:9000`
/// @param prefix put before every key; empty or ending in `/`
public record StoreAddress(
        String endpoint, String region, String bucket, String prefix, boolean pathStyle) {
    public static final String ENDPOINT_VARIABLE = "TANREN_S3_ENDPOINT";
    public static final String REGION_VARIABLE = "TANREN_S3_REGION";
    public static final String BUCKET_VARIABLE = "TANREN_S3_BUCKET";
    public static final String PREFIX_VARIABLE = "TANREN_S3_PREFIX";
    public static final String PATH_STYLE_VARIABLE = "TANREN_S3_PATH_STYLE";
    public static final String ACCESS_KEY_VARIABLE = "TANREN_S3_ACCESS_KEY";
    public static final String SECRET_KEY_VARIABLE = "TANREN_S3_SECRET_KEY";

    /// How processes of a run get keys, see [RunKeys].
    public static final String RUN_KEYS_VARIABLE = "TANREN_S3_RUN_KEYS";

    /// The region S3 itself takes where none is named; other stores ignore it.
    public static final String DEFAULT_REGION = "us-east-1";

    public StoreAddress {
        requireEndpoint(endpoint);
        if (bucket.isBlank()) {
            throw refused("the bucket's name is empty", BUCKET_VARIABLE);
        }
        if (!prefix.isEmpty()) {
            if (!prefix.endsWith("/")) {
                throw refused("the prefix `" + prefix + "` does not end in `/`", PREFIX_VARIABLE);
            }
            ObjectKeys.require(prefix.substring(0, prefix.length() - 1));
        }
    }

    /// The address that a process's environment names.
    ///
    /// Endpoint and bucket must be there. The region is [#DEFAULT_REGION] by default, the prefix
    /// empty (a missing `/` at its end is added), and path style is on, which every store but S3
    /// itself needs.
    ///
    /// @throws TanrenException `STORE_REFUSED` naming the variable that is missing or wrong
    public static StoreAddress from(Map<String, String> environment) {
        String prefix = environment.getOrDefault(PREFIX_VARIABLE, "");
        return new StoreAddress(
                required(environment, ENDPOINT_VARIABLE),
                optional(environment, REGION_VARIABLE, DEFAULT_REGION),
                required(environment, BUCKET_VARIABLE),
                prefix.isEmpty() || prefix.endsWith("/") ? prefix : prefix + "/",
                pathStyle(optional(environment, PATH_STYLE_VARIABLE, "true")));
    }

    static String required(Map<String, String> environment, String variable) {
        String value = environment.getOrDefault(variable, "");
        if (value.isBlank()) {
            throw refused("the environment variable is not set", variable);
        }
        return value;
    }

    private static String optional(
            Map<String, String> environment, String variable, String otherwise) {
        String value = environment.getOrDefault(variable, "");
        return value.isBlank() ? otherwise : value;
    }

    private static boolean pathStyle(String value) {
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw refused("`" + value + "` is not true or false", PATH_STYLE_VARIABLE);
        };
    }

    private static void requireEndpoint(String endpoint) {
        URI uri;
        try {
            uri = URI.create(endpoint);
        } catch (IllegalArgumentException e) {
            throw refused("the endpoint is not a URL", ENDPOINT_VARIABLE);
        }
        boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
        // User information is a secret in the wrong place, so the message does not repeat the URL.
        if (!http || uri.getHost() == null || uri.getUserInfo() != null) {
            throw refused(
                    "the endpoint must be http or https, a host and maybe a port",
                    ENDPOINT_VARIABLE);
        }
    }

    private static TanrenException refused(String what, String variable) {
        return new TanrenException(
                ErrorCode.STORE_REFUSED,
                what,
                variable,
                "Set it for every process that uses the object store.");
    }
}
