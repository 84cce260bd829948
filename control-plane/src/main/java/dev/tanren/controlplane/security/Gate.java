package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import dev.tanren.controlplane.problem.ProblemAnswers;
import dev.tanren.controlplane.problem.ProblemDetails;
import dev.tanren.controlplane.problem.TraceId;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// What every request passes before anything else sees it, and before anyone asks who makes it:
/// the host it is addressed to, its size, and whether the page that sent it wanted it.
@Singleton
public class Gate {

    static final String CSRF_HEADER = "X-CSRF-Token";

    private static final int PRIORITY = 1_000;
    private static final int UNSUPPORTED_MEDIA_TYPE = 415;
    static final long LARGEST_BODY = 1 << 20;

    private final Set<String> hosts = new HashSet<>(Set.of("localhost", "127.0.0.1", "::1"));

    private final Proxies proxies;
    private final Refusals refusals;
    private final Connections connections;
    private final Bodies bodies;

    Gate(
            Settings settings,
            Proxies proxies,
            Refusals refusals,
            Connections connections,
            Bodies bodies) {
        this.proxies = proxies;
        this.refusals = refusals;
        this.connections = connections;
        this.bodies = bodies;
        settings.allowedHosts()
                .ifPresent(
                        names -> names.forEach(name -> hosts.add(name.toLowerCase(Locale.ROOT))));
    }

    void install(@Observes Filters filters) {
        filters.register(this::enter, PRIORITY);
    }

    private void enter(RoutingContext request) {
        connections.watch(request);
        refusals.watch(request);
        SecurityHeaders.put(request);
        Client client;
        try {
            client = proxies.client(request.request());
        } catch (TanrenException e) {
            ProblemAnswers.answer(request, ProblemDetails.of(e, TraceId.of(request)));
            return;
        }
        client.attach(request);
        OuterLinks.put(request, client);
        problem(request, client)
                .ifPresentOrElse(
                        problem -> ProblemAnswers.answer(request, problem),
                        () -> bodies.read(request));
    }

    private Optional<ProblemDetails> problem(RoutingContext request, Client client) {
        Optional<String> foreign = foreignHost(request, client);
        if (foreign.isPresent()) {
            return forbidden(
                    request,
                    "the request is addressed to a host that this server does not go by",
                    foreign.get(),
                    "use its own name, or have the operator add this one to"
                            + " TANREN_API_ALLOWED_HOSTS");
        }
        if (tooLarge(request.request())) {
            return Optional.of(
                    ProblemAnswers.tooLarge(request.normalizedPath(), TraceId.of(request)));
        }
        if (Bodies.hasParts(request.request())) {
            return Optional.of(ProblemAnswers.ofStatus(request, UNSUPPORTED_MEDIA_TYPE));
        }
        if (!csrfHolds(request)) {
            return forbidden(
                    request,
                    "the request of a session lacks the right " + CSRF_HEADER + " header",
                    request.normalizedPath(),
                    "send the value of the cookie " + SessionCookies.of(client).csrf() + " in it");
        }
        return Optional.empty();
    }

    /// Both that the request came to and that the client called must be ours.
    private Optional<String> foreignHost(RoutingContext request, Client client) {
        return Stream.of(Client.direct(request.request()), client)
                .map(Client::host)
                .filter(host -> !hosts.contains(host))
                .findFirst();
    }

    /// A browser sends its cookie by itself; only who can read the other one wanted the request.
    private static boolean csrfHolds(RoutingContext request) {
        if (Fence.reads(request.request().method())
                || Fence.isSignIn(request)
                || !(Credential.of(request) instanceof Credential.Session session)) {
            return true;
        }
        String sent = request.request().getHeader(CSRF_HEADER);
        return sent != null && ApiTokens.same(sent, SessionDirectory.csrf(session.secret()));
    }

    private static Optional<ProblemDetails> forbidden(
            RoutingContext request, String what, String where, String mend) {
        return Optional.of(
                ProblemDetails.of(
                        ErrorCode.FORBIDDEN, 403, what, where, mend, TraceId.of(request)));
    }

    private static boolean tooLarge(HttpServerRequest request) {
        String length = request.getHeader("Content-Length");
        return length != null
                && length.matches("\\d+")
                && (length.length() > 9 || Long.parseLong(length) > LARGEST_BODY);
    }
}
