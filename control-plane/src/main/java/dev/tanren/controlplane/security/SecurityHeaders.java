package dev.tanren.controlplane.security;

import io.vertx.core.MultiMap;
import io.vertx.ext.web.RoutingContext;

/// Tells browsers to run nothing but our own files and to let nobody frame them.
final class SecurityHeaders {

    private static final String CONTENT_SECURITY_POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
                    + " img-src 'self' data:; font-src 'self'; connect-src 'self';"
                    + " form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private SecurityHeaders() {}

    static void put(RoutingContext request) {
        MultiMap headers = request.response().headers();
        headers.set("Content-Security-Policy", CONTENT_SECURITY_POLICY);
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("X-Frame-Options", "DENY");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Cross-Origin-Opener-Policy", "same-origin");
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
        headers.set("Cache-Control", keeping(request));
    }

    /// Nothing is kept but files that are known to be open, however an address is spelt. The
    /// console's own are asked for anew, so that no browser shows those of an older version; a
    /// library's have its version in their address.
    private static String keeping(RoutingContext request) {
        if (!Fence.mayBeKept(request)) {
            return "no-store";
        }
        return request.normalizedPath().startsWith("/webjars/")
                ? "public, max-age=86400, immutable"
                : "no-cache";
    }
}
