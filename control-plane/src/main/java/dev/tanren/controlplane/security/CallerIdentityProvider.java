package dev.tanren.controlplane.security;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.quarkus.security.identity.AuthenticationRequestContext;
import io.quarkus.security.identity.IdentityProvider;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.util.Optional;

/// Turns a credential into an identity with the roles of its token.
@Singleton
public class CallerIdentityProvider implements IdentityProvider<CredentialRequest> {

    private static final String CALLER = "tanren.caller";

    private final Callers callers;
    private final TokenDirectory tokens;

    CallerIdentityProvider(Callers callers, TokenDirectory tokens) {
        this.callers = callers;
        this.tokens = tokens;
    }

    @Override
    public Class<CredentialRequest> getRequestType() {
        return CredentialRequest.class;
    }

    /// Fails with a coded error: `UNAUTHENTICATED`, `TOO_MANY_REQUESTS`, or that of the database.
    /// Only what is not remembered is asked of the database, away from the event loop.
    @Override
    public Uni<SecurityIdentity> authenticate(
            CredentialRequest request, AuthenticationRequestContext context) {
        try {
            Optional<Caller> recalled = callers.recall(request.credential());
            return recalled.isPresent()
                    ? Uni.createFrom().item(identity(recalled.get()))
                    : context.runBlocking(() -> lookUp(request));
        } catch (TanrenException e) {
            return Uni.createFrom().failure(e);
        }
    }

    private SecurityIdentity lookUp(CredentialRequest request) {
        return callers.lookUp(request.credential(), request.address())
                .map(CallerIdentityProvider::identity)
                .orElseThrow(() -> unknown(request));
    }

    private static SecurityIdentity identity(Caller caller) {
        return QuarkusSecurityIdentity.builder()
                .setPrincipal(caller::name)
                .addRoles(Roles.includedIn(caller.role()))
                .addAttribute(CALLER, caller)
                .build();
    }

    static Caller caller(SecurityIdentity identity) {
        return identity.getAttribute(CALLER);
    }

    private TanrenException unknown(CredentialRequest request) {
        if (request.credential() instanceof Credential.Bearer bearer) {
            tokens.former(bearer.secret()).ifPresent(request::belongedTo);
        }
        return switch (request.credential()) {
            case Credential.Session session ->
                    unauthenticated("the session has ended, or its token with it");
            case Credential.Bearer bearer ->
                    unauthenticated("the token is not known, or is expired or revoked");
        };
    }

    static TanrenException unauthenticated(String what) {
        return new TanrenException(
                ErrorCode.UNAUTHENTICATED,
                what,
                "Authorization",
                "send Authorization: Bearer TOKEN; ./tanren up keeps the administrator's token in"
                        + " its state folder");
    }
}
