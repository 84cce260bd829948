package dev.tanren.controlplane.problem;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import dev.tanren.controlplane.situation.PlatformHealth;
import dev.tanren.controlplane.situation.PlatformPart;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.text.StorableText;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/// Turns whatever goes wrong into a problem: in resources, in the router, and where nothing is.
@ApplicationScoped
public class ProblemAnswers {

    private static final Logger LOG = Logger.getLogger(ProblemAnswers.class);
    private static final List<Integer> ROUTER_STATUSES = List.of(400, 404, 405, 413, 415, 500, 503);

    private static final int TOO_LARGE = 413;

    /// Quarkus finds out who asks, and whether they may, at 200 and 100.
    private static final int AFTER_AUTHORISATION = 50;

    /// The part of the platform that an error is about.
    private static final Map<ErrorCode, PlatformPart> PARTS =
            Map.of(
                    ErrorCode.DATABASE_UNREACHABLE, PlatformPart.DATABASE,
                    ErrorCode.STORE_UNREACHABLE, PlatformPart.STORE,
                    ErrorCode.STORE_DEADLINE, PlatformPart.STORE,
                    ErrorCode.ORCHESTRATOR_UNREACHABLE, PlatformPart.TEMPORAL);

    private final PlatformHealth health;
    private final AllowedMethods allowed;

    ProblemAnswers(PlatformHealth health, AllowedMethods allowed) {
        this.health = health;
        this.allowed = allowed;
    }

    void errorPages(@Observes Router router) {
        for (int status : ROUTER_STATUSES) {
            router.errorHandler(status, request -> answer(request, ofRouter(request, status)));
        }
        // Quarkus answers for failures of filters by itself, without a problem.
        router.route().order(Integer.MIN_VALUE).failureHandler(this::ofFilters);
        router.route()
                .order(Integer.MAX_VALUE)
                .handler(request -> answer(request, ofRouter(request, 404)));
    }

    private void ofFilters(RoutingContext request) {
        if (request.statusCode() == TOO_LARGE) {
            answer(request, ofRouter(request, TOO_LARGE));
        } else {
            request.next();
        }
    }

    /// Tells what an address takes, before the framework does so for a whole class of addresses,
    /// or takes what is not said to be taken.
    void methods(@Observes Filters filters) {
        filters.register(
                request -> {
                    HttpMethod method = request.request().method();
                    SortedSet<String> methods = allowed.at(request.normalizedPath());
                    boolean asked = method.equals(HttpMethod.OPTIONS);
                    if (asked && methods.isEmpty()) {
                        answer(request, ofRouter(request, 404));
                    } else if (asked) {
                        request.response()
                                .setStatusCode(204)
                                .putHeader(HttpHeaders.ALLOW, String.join(", ", methods))
                                .end();
                    } else if (methods.isEmpty() || methods.contains(method.name())) {
                        request.next();
                    } else {
                        answer(request, ofRouter(request, 405));
                    }
                },
                AFTER_AUTHORISATION);
    }

    private String allow(RoutingContext request) {
        return String.join(", ", allowed.at(request.normalizedPath()));
    }

    private ProblemDetails ofRouter(RoutingContext request, int status) {
        Throwable failure = request.failure();
        if (failure instanceof TanrenException e) {
            return of(e, request);
        }
        if (failure != null && status == 500) {
            LOG.errorf(failure, "request %s failed", TraceId.of(request));
        }
        if (status == 405) {
            request.response().putHeader(HttpHeaders.ALLOW, allow(request));
        }
        return ofStatus(request, status);
    }

    /// Answers with a problem and ends the request.
    public static void answer(RoutingContext request, ProblemDetails problem) {
        HttpServerResponse response = request.response();
        if (response.ended() || response.headWritten()) {
            response.end();
            return;
        }
        response.setStatusCode(problem.status())
                .putHeader(HttpHeaders.CONTENT_TYPE, ProblemDetails.MEDIA_TYPE);
        if (problem.retryAfterSeconds() > 0) {
            response.putHeader("Retry-After", Integer.toString(problem.retryAfterSeconds()));
        }
        response.end(Json.write(problem));
    }

    @ServerExceptionMapper
    Response coded(TanrenException e, RoutingContext request) {
        ProblemDetails problem = of(e, request);
        if (problem.status() >= 500) {
            LOG.warnf("request %s: %s", problem.traceId(), e.getMessage());
        }
        return response(problem);
    }

    /// What a coded error says, wherever the request met it. Of a part of the platform that does
    /// not answer: since when, and what becomes of runs meanwhile.
    public ProblemDetails of(TanrenException e, RoutingContext request) {
        ProblemDetails problem = ProblemDetails.of(e, TraceId.of(request));
        PlatformPart part = PARTS.get(e.code());
        if (part == null) {
            return problem;
        }
        Instant since = health.away().get(part.check());
        return since == null
                ? problem
                : problem.during(
                        "since " + since.truncatedTo(ChronoUnit.SECONDS), part.meanwhile());
    }

    @ServerExceptionMapper
    Response malformed(JsonProcessingException e, RoutingContext request) {
        return response(
                ProblemDetails.of(
                        ErrorCode.REQUEST_MALFORMED,
                        400,
                        "the body is not the JSON that this call takes: " + what(e),
                        place(e),
                        "see /q/openapi for what it takes",
                        TraceId.of(request)));
    }

    private static String what(JsonProcessingException e) {
        return e instanceof UnrecognizedPropertyException unknown
                ? "unknown key \""
                        + StorableText.of(unknown.getPropertyName())
                        + "\"; it takes: "
                        + unknown.getKnownPropertyIds().stream()
                                .map(String::valueOf)
                                .sorted()
                                .collect(Collectors.joining(", "))
                : Json.problem(e);
    }

    /// The key that is wrong, where it is known, or else where the text breaks off.
    private static String place(JsonProcessingException e) {
        if (e instanceof JsonMappingException mapping && !mapping.getPath().isEmpty()) {
            return mapping.getPath().stream()
                    .map(
                            step ->
                                    step.getFieldName() == null
                                            ? Integer.toString(step.getIndex())
                                            : StorableText.of(step.getFieldName()))
                    .collect(Collectors.joining("."));
        }
        JsonLocation at = e.getLocation();
        return at == null
                ? "body"
                : "body, line " + at.getLineNr() + ", column " + at.getColumnNr();
    }

    /// Quarkus has an answer of its own for these, which is no problem by RFC 9457.
    @ServerExceptionMapper
    Response mismatched(MismatchedInputException e, RoutingContext request) {
        return malformed(e, request);
    }

    @ServerExceptionMapper
    Response standard(WebApplicationException e, RoutingContext request) {
        if (e.getCause() instanceof JsonProcessingException json) {
            return malformed(json, request);
        }
        int status = e.getResponse().getStatus();
        Response answer = response(ofStatus(request, status));
        return status == 405
                ? Response.fromResponse(answer)
                        .header(HttpHeaders.ALLOW.toString(), allow(request))
                        .build()
                : answer;
    }

    @ServerExceptionMapper
    Response unexpected(Throwable e, RoutingContext request) {
        LOG.errorf(e, "request %s failed", TraceId.of(request));
        return response(ofStatus(request, 500));
    }

    /// A problem as the answer of a resource.
    public static Response response(ProblemDetails problem) {
        Response.ResponseBuilder response =
                Response.status(problem.status())
                        .type(ProblemDetails.MEDIA_TYPE)
                        .entity(Json.write(problem));
        if (problem.retryAfterSeconds() > 0) {
            response.header("Retry-After", problem.retryAfterSeconds());
        }
        return response.build();
    }

    /// What a status says that has no error of its own.
    public static ProblemDetails ofStatus(RoutingContext request, int status) {
        String where = request.request().method() + " " + request.normalizedPath();
        String traceId = TraceId.of(request);
        return switch (status) {
            case 404 -> problem(ErrorCode.NOT_FOUND, 404, "there is nothing here", where, traceId);
            case 405 ->
                    problem(
                            ErrorCode.REQUEST_MALFORMED,
                            405,
                            "this address does not take this method",
                            where,
                            traceId);
            case 406 ->
                    problem(
                            ErrorCode.REQUEST_MALFORMED,
                            406,
                            "this call does not answer with any of the accepted media types",
                            where,
                            traceId);
            case 413 -> tooLarge(where, traceId);
            case 415 ->
                    problem(
                            ErrorCode.REQUEST_MALFORMED,
                            415,
                            "this call does not take a body of this media type",
                            where,
                            traceId);
            case 503 ->
                    problem(
                            ErrorCode.DATABASE_UNREACHABLE,
                            503,
                            "a part that this call needs does not answer",
                            where,
                            traceId);
            default ->
                    status >= 400 && status < 500
                            ? problem(
                                    ErrorCode.REQUEST_MALFORMED,
                                    status,
                                    "the request cannot be understood",
                                    where,
                                    traceId)
                            : ProblemDetails.of(
                                    ErrorCode.INTERNAL,
                                    500,
                                    "an error in Tanren itself",
                                    where,
                                    "report it with the trace id, and try again",
                                    traceId);
        };
    }

    private static ProblemDetails problem(
            ErrorCode code, int status, String detail, String where, String traceId) {
        return ProblemDetails.of(
                code, status, detail, where, "see /q/openapi for what there is", traceId);
    }

    public static ProblemDetails tooLarge(String where, String traceId) {
        return ProblemDetails.of(
                ErrorCode.REQUEST_MALFORMED,
                413,
                "the body is larger than 1 MiB",
                where,
                "send less: a plan names data, it does not hold it",
                traceId);
    }
}
