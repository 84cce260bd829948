package dev.tanren.controlplane.security;

import io.vertx.core.http.Cookie;
import io.vertx.ext.web.RoutingContext;
import org.jspecify.annotations.Nullable;

/// What a request shows to say who makes it.
sealed interface Credential {

    String secret();

    /// An API token of the `Authorization` header.
    record Bearer(String secret) implements Credential {}

    /// A session of the console. A browser sends it by itself, so it proves nothing about who
    /// wanted the request.
    record Session(String secret) implements Credential {}

    /// A header goes before a cookie.
    static @Nullable Credential of(RoutingContext request) {
        String header = request.request().getHeader("Authorization");
        if (header != null) {
            return header.regionMatches(true, 0, "Bearer ", 0, 7)
                    ? new Bearer(header.substring(7).strip())
                    : null;
        }
        String name = SessionCookies.of(Client.of(request)).session();
        Cookie cookie = request.request().getCookie(name);
        return cookie == null ? null : new Session(cookie.getValue());
    }
}
