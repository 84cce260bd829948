package dev.tanren.controlplane.security;

import dev.tanren.storage.registry.Tokens.Role;
import io.vertx.core.http.HttpMethod;
import java.util.regex.Pattern;

/// Who may do what: the one table. What it does not name needs an administrator.
final class AccessRules {

    /// Sign-in and what a browser needs to show it; no data is behind them.
    private static final Pattern STATIC =
            Pattern.compile("/|/favicon\\.ico|/console/?|/console/[\\w./-]+|/webjars/[\\w./-]+");

    private static final Pattern HEALTH = Pattern.compile("/q/health(/(live|ready|started))?");
    private static final Pattern PLANS = Pattern.compile("/api/v1/plans/(validate|explain)");
    private static final Pattern RUNS = Pattern.compile("/api/v1/runs(/.*)?");

    private AccessRules() {}

    static boolean open(HttpMethod method, String path) {
        if (path.equals("/console/session")) {
            return method.equals(HttpMethod.POST);
        }
        return reads(method) && (HEALTH.matcher(path).matches() || STATIC.matcher(path).matches());
    }

    static Role needed(HttpMethod method, String path) {
        if (path.startsWith("/api/v1/tokens")) {
            return Role.ADMIN;
        }
        if (reads(method) || path.equals("/console/session") || PLANS.matcher(path).matches()) {
            return Role.VIEWER;
        }
        if (RUNS.matcher(path).matches()) {
            return path.endsWith("/approve") ? Role.APPROVER : Role.OPERATOR;
        }
        return Role.ADMIN;
    }

    /// Whether a request changes nothing.
    static boolean reads(HttpMethod method) {
        return method.equals(HttpMethod.GET)
                || method.equals(HttpMethod.HEAD)
                || method.equals(HttpMethod.OPTIONS);
    }
}
