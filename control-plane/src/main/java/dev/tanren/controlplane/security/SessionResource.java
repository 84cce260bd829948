package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
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
import jakarta.ws.rs.core.NewCookie;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/// Sign-in of the console: a token is exchanged for a session, whose secret goes into a cookie that
/// no script can read. State-changing requests of a session must also carry `X-CSRF-Token`, the
/// value of the cookie `tanren_csrf`.
@Path("/console/session")
@Produces(MediaType.APPLICATION_JSON)
public class SessionResource {

    private final Callers callers;
    private final SessionDirectory sessions;
    private final Settings settings;

    SessionResource(Callers callers, SessionDirectory sessions, Settings settings) {
        this.callers = callers;
        this.sessions = sessions;
        this.settings = settings;
    }

    /// @param token an API token
    public record SignIn(@Nullable String token) {}

    /// @param role key of the token's role
    public record SignedIn(String name, String role) {}

    @POST
    @PermitAll
    @Consumes(MediaType.APPLICATION_JSON)
    public Response signIn(SignIn body, RoutingContext request) {
        String token = body == null || body.token() == null ? "" : body.token().strip();
        Caller caller =
                callers.lookUp(new Credential.Bearer(token), Addresses.of(request))
                        .orElseThrow(SessionResource::unknown);
        String session = sessions.begin(caller);
        boolean secure = request.request().isSSL();
        int seconds = Math.toIntExact(settings.sessionLifetime().toSeconds());
        return Response.ok(new SignedIn(caller.name(), Roles.key(caller.role())))
                .cookie(
                        cookie(Credential.COOKIE, session, seconds, true, secure),
                        cookie(
                                Gate.CSRF_COOKIE,
                                SessionDirectory.csrf(session),
                                seconds,
                                false,
                                secure))
                .build();
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
    public Response signOut(RoutingContext request) {
        if (Credential.of(request) instanceof Credential.Session session) {
            sessions.end(session.secret());
        }
        boolean secure = request.request().isSSL();
        return Response.noContent()
                .cookie(
                        cookie(Credential.COOKIE, "", 0, true, secure),
                        cookie(Gate.CSRF_COOKIE, "", 0, false, secure))
                .build();
    }

    private static NewCookie cookie(
            String name, String value, int seconds, boolean httpOnly, boolean secure) {
        return new NewCookie.Builder(name)
                .value(value)
                .path("/")
                .maxAge(seconds)
                .httpOnly(httpOnly)
                .secure(secure)
                .sameSite(NewCookie.SameSite.STRICT)
                .build();
    }
}
