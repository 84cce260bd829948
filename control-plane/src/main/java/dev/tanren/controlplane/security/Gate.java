package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import dev.tanren.controlplane.problem.ProblemAnswers;
import dev.tanren.controlplane.problem.ProblemDetails;
import dev.tanren.controlplane.problem.TraceId;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// What every request passes before anything else sees it: the host it is addressed to, its size,
/// who makes it, how often, and whether they may. Whatever is not allowed here is refused.
@Singleton
public class Gate {

    static final String CSRF_COOKIE = "tanren_csrf";
    static final String CSRF_HEADER = "X-CSRF-Token";

    private static final int PRIORITY = 1_000;
    private static final long LARGEST_BODY = 1 << 20;

    private final TokenDirectory directory;
    private final SessionDirectory sessions;
    private final Set<String> hosts = new HashSet<>(Set.of("localhost", "127.0.0.1", "::1"));
    private final RateLimiter requests;
    private final RateLimiter failures;

    Gate(TokenDirectory directory, SessionDirectory sessions, Settings settings) {
        this.directory = directory;
        this.sessions = sessions;
        settings.allowedHosts()
                .ifPresent(
                        names -> names.forEach(name -> hosts.add(name.toLowerCase(Locale.ROOT))));
        requests =
                new RateLimiter(
                        settings.requestsPerSecond(), settings.requestBurst(), System::nanoTime);
        failures =
                new RateLimiter(
                        settings.failuresPerSecond(), settings.failureBurst(), System::nanoTime);
    }

    void install(@Observes Filters filters) {
        filters.register(this::enter, PRIORITY);
    }

    private void enter(RoutingContext request) {
        SecurityHeaders.put(request);
        String host = host(request.request());
        if (!hosts.contains(host)) {
            refuse(
                    request,
                    403,
                    ErrorCode.FORBIDDEN,
                    "the request is addressed to a host that this server does not go by",
                    host,
                    "use its own name, or have the operator add this one to"
                            + " TANREN_API_ALLOWED_HOSTS");
            return;
        }
        if (tooLarge(request.request())) {
            ProblemAnswers.answer(
                    request,
                    ProblemAnswers.tooLarge(request.normalizedPath(), TraceId.of(request)));
            return;
        }
        HttpMethod method = request.request().method();
        if (AccessRules.open(method, request.normalizedPath())) {
            request.next();
            return;
        }
        identify(request);
    }

    private void identify(RoutingContext request) {
        Credential credential = Credential.of(request);
        switch (credential) {
            case null -> refuseUnknown(request, "the request carries no token");
            case Credential.Session session when !csrfHolds(request, session) ->
                    refuse(
                            request,
                            403,
                            ErrorCode.FORBIDDEN,
                            "the request of a session lacks the right " + CSRF_HEADER + " header",
                            request.normalizedPath(),
                            "send the value of the cookie " + CSRF_COOKIE + " in it");
            case Credential.Session session ->
                    ask(request, session, "the session has ended, or its token with it");
            case Credential.Bearer bearer ->
                    directory
                            .recall(bearer.secret())
                            .ifPresentOrElse(
                                    caller -> admit(request, bearer, caller),
                                    () ->
                                            ask(
                                                    request,
                                                    bearer,
                                                    "the token is not known, or is expired or"
                                                            + " revoked"));
        }
    }

    private Optional<Caller> standing(Credential credential) {
        return switch (credential) {
            case Credential.Session session -> sessions.lookUp(session.secret());
            case Credential.Bearer bearer ->
                    directory.recall(bearer.secret()).or(() -> directory.lookUp(bearer.secret()));
        };
    }

    /// Asks the database away from the event loop.
    private void ask(RoutingContext request, Credential credential, String unknown) {
        request.request().pause();
        request.vertx()
                .executeBlocking(() -> standing(credential), false)
                .onComplete(
                        found -> {
                            request.request().resume();
                            if (found.succeeded()) {
                                found.result()
                                        .ifPresentOrElse(
                                                caller -> admit(request, credential, caller),
                                                () -> refuseUnknown(request, unknown));
                            } else {
                                fail(request, found.cause());
                            }
                        });
    }

    private static boolean csrfHolds(RoutingContext request, Credential.Session session) {
        if (AccessRules.reads(request.request().method())) {
            return true;
        }
        String sent = request.request().getHeader(CSRF_HEADER);
        return sent != null && ApiTokens.same(sent, SessionDirectory.csrf(session.secret()));
    }

    private void admit(RoutingContext request, Credential credential, Caller caller) {
        if (!requests.take(caller.tokenId())) {
            refuse(
                    request,
                    429,
                    ErrorCode.TOO_MANY_REQUESTS,
                    "this token makes more requests than it may",
                    caller.name(),
                    "wait as long as Retry-After says");
            return;
        }
        Role needed = AccessRules.needed(request.request().method(), request.normalizedPath());
        if (!caller.may(needed)) {
            refuse(
                    request,
                    403,
                    ErrorCode.FORBIDDEN,
                    "this needs the role "
                            + needed.name().toLowerCase(Locale.ROOT)
                            + ", and the token has "
                            + caller.role().name().toLowerCase(Locale.ROOT),
                    request.request().method() + " " + request.normalizedPath(),
                    "use a token with that role; an administrator can make one");
            return;
        }
        caller.attach(request, () -> standing(credential).isPresent());
        request.next();
    }

    private void refuseUnknown(RoutingContext request, String what) {
        String address = request.request().remoteAddress().hostAddress();
        if (!failures.take(address == null ? "unknown" : address)) {
            refuse(
                    request,
                    429,
                    ErrorCode.TOO_MANY_REQUESTS,
                    "too many requests without a valid token",
                    "this client's address",
                    "wait as long as Retry-After says, and send a valid token");
            return;
        }
        request.response().putHeader("WWW-Authenticate", "Bearer realm=\"tanren\"");
        refuse(
                request,
                401,
                ErrorCode.UNAUTHENTICATED,
                what,
                request.normalizedPath(),
                "send Authorization: Bearer TOKEN; ./tanren up keeps the administrator's token in"
                        + " its state folder");
    }

    private static void refuse(
            RoutingContext request,
            int status,
            ErrorCode code,
            String what,
            String where,
            String mend) {
        ProblemAnswers.answer(
                request, ProblemDetails.of(code, status, what, where, mend, TraceId.of(request)));
    }

    private static void fail(RoutingContext request, Throwable cause) {
        if (cause instanceof TanrenException e) {
            ProblemAnswers.answer(request, ProblemDetails.of(e, TraceId.of(request)));
        } else {
            request.fail(500, cause);
        }
    }

    private static String host(HttpServerRequest request) {
        return request.authority() == null
                ? ""
                : request.authority().host().toLowerCase(Locale.ROOT).replaceAll("[\\[\\]]", "");
    }

    private static boolean tooLarge(HttpServerRequest request) {
        String length = request.getHeader("Content-Length");
        return length != null
                && length.matches("\\d+")
                && (length.length() > 9 || Long.parseLong(length) > LARGEST_BODY);
    }
}
