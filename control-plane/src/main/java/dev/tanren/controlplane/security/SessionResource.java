package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import dev.tanren.controlplane.endpoint.Answer;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.registry.Audit;
import dev.tanren.storage.registry.AuditRecord;
import dev.tanren.storage.registry.PostgresRegistry;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.security.PermitAll;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/// Sign-in of the console: a token is exchanged for a session, whose secret goes into a cookie that
/// no script can read. State-changing requests of a session must also carry `X-CSRF-Token`, the
/// value of the cookie `tanren_csrf_PORT`.
@Path("/console/session")
@Produces(MediaType.APPLICATION_JSON)
public class SessionResource {

    private static final int HASH_DIGITS = 12;

    private final Callers callers;
    private final TokenDirectory tokens;
    private final SessionDirectory sessions;
    private final Audit audit;
    private final Settings settings;

    SessionResource(
            Callers callers,
            TokenDirectory tokens,
            SessionDirectory sessions,
            PostgresRegistry registry,
            Settings settings) {
        this.callers = callers;
        this.tokens = tokens;
        this.sessions = sessions;
        this.audit = registry.audit();
        this.settings = settings;
    }

    /// @param token an API token
    public record SignIn(@Nullable String token) {}

    /// @param role key of the token's role
    public record SignedIn(String name, String role) {}

    @POST
    @PermitAll
    @Consumes(MediaType.APPLICATION_JSON)
    @Answer(description = "Who is signed in", of = SignedIn.class, headers = "Set-Cookie")
    public Response signIn(SignIn body, RoutingContext request) {
        String token = body == null || body.token() == null ? "" : body.token().strip();
        Caller caller =
                callers.lookUp(new Credential.Bearer(token), Addresses.of(request))
                        .orElseThrow(() -> unknown(token, request));
        String session = sessions.begin(caller);
        audit.append(AuditRecord.of(caller.at(request), "session.begin", subject(session)));
        int seconds = Math.toIntExact(settings.sessionLifetime().toSeconds());
        return Response.ok(new SignedIn(caller.name(), Roles.key(caller.role())))
                .cookie(
                        SessionCookies.of(Client.of(request))
                                .with(session, SessionDirectory.csrf(session), seconds))
                .build();
    }

    /// The beginning of its secret's hash: tells sessions apart, and opens none.
    private static String subject(String secret) {
        return "session/" + ApiTokens.hash(secret).substring(0, HASH_DIGITS);
    }

    private TanrenException unknown(String token, RoutingContext request) {
        tokens.former(token).ifPresent(former -> former.wasOnce(request));
        return unknown();
    }

    private static TanrenException unknown() {
        return new TanrenException(
                ErrorCode.UNAUTHENTICATED,
                "the token is not known, or is expired or revoked",
                "token",
                "use a valid one; ./tanren up keeps the administrator's token in its state folder");
    }

    /// Who the caller is and what it may do, so that a page can say beforehand what is refused.
    @GET
    @RolesAllowed(Roles.VIEWER)
    public SignedIn who(RoutingContext request) {
        Caller caller = Caller.of(request);
        return new SignedIn(caller.name(), Roles.key(caller.role()));
    }

    /// Ends the session for everyone who may hold its cookie.
    @DELETE
    @RolesAllowed(Roles.VIEWER)
    @Answer(status = 204, description = "Signed out", headers = "Set-Cookie")
    public Response signOut(RoutingContext request) {
        if (Credential.of(request) instanceof Credential.Session session) {
            sessions.end(session.secret());
            audit.append(
                    AuditRecord.of(
                            Caller.actor(request), "session.end", subject(session.secret())));
        }
        return Response.noContent()
                .cookie(SessionCookies.of(Client.of(request)).with("", "", 0))
                .build();
    }
}
