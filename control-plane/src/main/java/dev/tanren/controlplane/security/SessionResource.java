package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.NewCookie;
import jakarta.ws.rs.core.Response;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Sign-in of the console: a token is exchanged for a session, whose secret goes into a cookie that
/// no script can read. State-changing requests of a session must also carry `X-CSRF-Token`, the
/// value of the cookie `tanren_csrf`.
@Path("/console/session")
@Produces(MediaType.APPLICATION_JSON)
public class SessionResource {

    private final TokenDirectory directory;
    private final SessionDirectory sessions;
    private final Settings settings;
    private final RateLimiter failures;

    SessionResource(TokenDirectory directory, SessionDirectory sessions, Settings settings) {
        this.directory = directory;
        this.sessions = sessions;
        this.settings = settings;
        this.failures =
                new RateLimiter(
                        settings.failuresPerSecond(), settings.failureBurst(), System::nanoTime);
    }

    /// @param token an API token
    public record SignIn(@Nullable String token) {}

    /// @param role key of the token's role
    public record SignedIn(String name, String role) {}

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public Response signIn(SignIn body, RoutingContext request) {
        String address = request.request().remoteAddress().hostAddress();
        String from = address == null ? "unknown" : address;
        if (!failures.hasLeft(from)) {
            throw new TanrenException(
                    ErrorCode.TOO_MANY_REQUESTS,
                    "too many failed sign-ins",
                    "this client's address",
                    "wait a minute");
        }
        String token = body == null || body.token() == null ? "" : body.token().strip();
        Caller caller =
                directory
                        .lookUp(token)
                        .orElseThrow(
                                () -> {
                                    failures.take(from);
                                    return unknown();
                                });
        String session = sessions.begin(caller);
        boolean secure = request.request().isSSL();
        int seconds = Math.toIntExact(settings.sessionLifetime().toSeconds());
        return Response.ok(
                        new SignedIn(caller.name(), caller.role().name().toLowerCase(Locale.ROOT)))
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

    /// Ends the session for everyone who may hold its cookie.
    @DELETE
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
