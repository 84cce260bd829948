package dev.tanren.controlplane.security;

import dev.tanren.controlplane.problem.ProblemAnswers;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.quarkus.vertx.http.runtime.security.HttpCredentialTransport;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.Set;

/// Reads bearer tokens and the console's session cookie.
///
/// Whoever shows nothing valid goes on as nobody, and is refused where somebody is needed, with the
/// reason that was found here. So a cookie that has ended keeps no one from the sign-in page.
@Singleton
public class Authentication implements HttpAuthenticationMechanism {

    private static final String REASON = "tanren.refused.because";

    private final Callers callers;
    private final ProblemAnswers answers;

    Authentication(Callers callers, ProblemAnswers answers) {
        this.callers = callers;
        this.answers = answers;
    }

    @Override
    public Uni<SecurityIdentity> authenticate(
            RoutingContext request, IdentityProviderManager providers) {
        Credential credential = Credential.of(request);
        if (credential == null) {
            return Uni.createFrom().nullItem();
        }
        CredentialRequest asked = new CredentialRequest(credential, Addresses.of(request));
        return providers
                .authenticate(asked)
                .invoke(identity -> attach(request, credential, identity))
                .onFailure(TanrenException.class)
                .recoverWithItem(
                        reason -> {
                            request.put(REASON, reason);
                            Caller former = asked.former();
                            if (former != null) {
                                former.wasOnce(request);
                            }
                            return null;
                        });
    }

    private void attach(RoutingContext request, Credential credential, SecurityIdentity identity) {
        CallerIdentityProvider.caller(identity)
                .attach(request, () -> callers.standing(credential).isPresent());
    }

    @Override
    public Uni<Boolean> sendChallenge(RoutingContext request) {
        TanrenException reason = reason(request);
        if (reason.code() == ErrorCode.UNAUTHENTICATED) {
            request.response().putHeader("WWW-Authenticate", "Bearer realm=\"tanren\"");
        }
        ProblemAnswers.answer(request, answers.of(reason, request).at(request.normalizedPath()));
        return Uni.createFrom().item(true);
    }

    /// Why nobody is known to make the request.
    TanrenException reason(RoutingContext request) {
        return Optional.<TanrenException>ofNullable(request.get(REASON))
                .orElseGet(() -> callers.refuseNobody(Addresses.of(request)));
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext request) {
        return Uni.createFrom()
                .item(new ChallengeData(401, "WWW-Authenticate", "Bearer realm=\"tanren\""));
    }

    @Override
    public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
        return Set.of(CredentialRequest.class);
    }

    @Override
    public Uni<HttpCredentialTransport> getCredentialTransport(RoutingContext request) {
        return Uni.createFrom()
                .item(
                        new HttpCredentialTransport(
                                HttpCredentialTransport.Type.AUTHORIZATION, "bearer"));
    }
}
