package dev.tanren.controlplane.security;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.registry.Tokens.Role;
import io.vertx.ext.web.RoutingContext;
import java.util.function.BooleanSupplier;

/// Who makes a request.
///
/// @param tokenId identity of the token
/// @param name of the token, which the audit and runs show as actor and owner
public record Caller(String tokenId, String name, Role role) {

    private static final String KEY = "tanren.caller";
    private static final String STANDING = "tanren.standing";

    /// Whether the role includes another.
    public boolean may(Role needed) {
        return role.compareTo(needed) >= 0;
    }

    /// @param standing asks whether the credential is still good
    void attach(RoutingContext request, BooleanSupplier standing) {
        request.put(KEY, this);
        request.put(STANDING, standing);
    }

    /// Whether the caller may still be served, for answers that go on for long. May ask the
    /// database.
    public static boolean stillAllowed(RoutingContext request) {
        BooleanSupplier standing = request.get(STANDING);
        return standing != null && standing.getAsBoolean();
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
