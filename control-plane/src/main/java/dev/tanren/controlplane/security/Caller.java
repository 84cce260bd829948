package dev.tanren.controlplane.security;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.registry.Tokens.Role;
import io.vertx.ext.web.RoutingContext;

/// Who makes a request.
///
/// @param tokenId identity of the token
/// @param name of the token, which the audit and runs show as actor and owner
public record Caller(String tokenId, String name, Role role) {

    private static final String KEY = "tanren.caller";

    public boolean may(Role needed) {
        return role.compareTo(needed) >= 0;
    }

    void attach(RoutingContext request) {
        request.put(KEY, this);
    }

    /// The caller of a request that passed the gate.
    public static Caller of(RoutingContext request) {
        Caller caller = request.get(KEY);
        if (caller == null) {
            throw new TanrenException(
                    ErrorCode.UNAUTHENTICATED,
                    "the request names no caller",
                    request.normalizedPath(),
                    "send Authorization: Bearer TOKEN");
        }
        return caller;
    }
}
