package dev.tanren.controlplane.security;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.Actor;
import dev.tanren.storage.registry.Tokens.Role;
import io.vertx.ext.web.RoutingContext;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Who makes a request.
///
/// @param tokenId identity of the token
/// @param name of the token, which the audit and runs show as actor and owner
public record Caller(String tokenId, String name, Role role) {

    private static final String KEY = "tanren.caller";
    private static final String STANDING = "tanren.standing";
    private static final String FORMER = "tanren.former";

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

    /// Keeps who the request's credential belonged to while it was good.
    void wasOnce(RoutingContext request) {
        request.put(FORMER, this);
    }

    /// The caller of a request that passed the gate, as the audit names them.
    public static Actor actor(RoutingContext request) {
        return of(request).at(request);
    }

    Actor at(RoutingContext request) {
        return new Actor(tokenId, name, Roles.key(role), Client.of(request).address());
    }

    /// Who makes a request, as well as that is known: whose the credential is, or was while it was
    /// good, or nobody at the address that it comes from.
    static Actor known(RoutingContext request) {
        return Optional.<Caller>ofNullable(request.get(KEY))
                .or(() -> Optional.ofNullable(request.get(FORMER)))
                .map(caller -> caller.at(request))
                .orElseGet(() -> Actor.nobody(Client.of(request).address()));
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
