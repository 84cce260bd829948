package dev.tanren.controlplane.security;

import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.vertx.http.runtime.security.HttpSecurityPolicy;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.util.Locale;
import java.util.regex.Pattern;

/// What every request passes before it is routed: nobody who is unknown gets further, except to
/// what is open to all. It can only take away. What a caller may do is written at the methods, so
/// that no spelling of an address gets around it.
@Singleton
public class Fence implements HttpSecurityPolicy {

    /// Sign-in and what a browser needs to show it; no data is behind them.
    private static final Pattern STATIC =
            Pattern.compile("/|/favicon\\.ico|/console/?|/console/[\\w./-]+|/webjars/[\\w./-]+");

    private static final Pattern HEALTH = Pattern.compile("/q/health(/(live|ready|started))?");

    private static final String SESSION = "/console/session";

    /// Their methods say more.
    private static final Pattern WITH_METHODS = Pattern.compile("/api/v1/.*|" + SESSION);

    @Override
    public Uni<CheckResult> checkPermission(
            RoutingContext request,
            Uni<SecurityIdentity> identity,
            AuthorizationRequestContext context) {
        if (isOpen(request)) {
            return CheckResult.permit();
        }
        return identity.map(who -> new CheckResult(passes(request, who), who));
    }

    /// Addresses without a method of ours are read by viewers and changed by administrators.
    private static boolean passes(RoutingContext request, SecurityIdentity who) {
        return who.hasRole(needed(request));
    }

    static String needed(RoutingContext request) {
        return reads(request.request().method())
                        || WITH_METHODS.matcher(request.normalizedPath()).matches()
                ? Roles.VIEWER
                : Roles.ADMIN;
    }

    private static boolean isOpen(RoutingContext request) {
        return isSignIn(request)
                || mayBeKept(request)
                || (reads(request.request().method())
                        && HEALTH.matcher(request.normalizedPath()).matches());
    }

    /// Whether it is a file that is the same for everyone. The session is none, however it
    /// is spelt.
    static boolean mayBeKept(RoutingContext request) {
        String path = request.normalizedPath();
        return reads(request.request().method())
                && STATIC.matcher(path).matches()
                && !path.toLowerCase(Locale.ROOT).startsWith(SESSION);
    }

    static boolean isSignIn(RoutingContext request) {
        return request.request().method().equals(HttpMethod.POST)
                && request.normalizedPath().equals(SESSION);
    }

    /// Whether a request changes nothing.
    static boolean reads(HttpMethod method) {
        return method.equals(HttpMethod.GET)
                || method.equals(HttpMethod.HEAD)
                || method.equals(HttpMethod.OPTIONS);
    }
}
