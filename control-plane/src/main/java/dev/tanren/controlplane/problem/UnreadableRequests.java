package dev.tanren.controlplane.problem;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.json.Json;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.quarkus.vertx.VertxOptionsCustomizer;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpServerConnection;
import io.vertx.core.spi.tracing.SpanKind;
import io.vertx.core.spi.tracing.TagExtractor;
import io.vertx.core.spi.tracing.VertxTracer;
import io.vertx.core.tracing.TracingOptions;
import io.vertx.core.tracing.TracingPolicy;
import jakarta.inject.Singleton;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Answers requests whose line or headers cannot be read, or are too long, with a problem like any
/// other. They reach no route, and Quarkus offers no place for the handler of them that Vert.x has.
///
/// A tracer sees every request before Vert.x chooses its handler, such a one too, and gives its
/// connection ours. It traces nothing.
@Singleton
public class UnreadableRequests implements VertxOptionsCustomizer {

    /// What the client still sends is read and dropped meanwhile. A connection that is closed with
    /// unread bytes is reset, and its client may never see the answer.
    private static final long MILLISECONDS_FOR_THE_REST = 200;

    /// The factory is deprecated in favour of one that is handed to a builder of Vert.x, which is
    /// Quarkus's here.
    @Override
    @SuppressWarnings("deprecation")
    public void accept(VertxOptions options) {
        options.setTracingOptions(new TracingOptions().setFactory(_ -> new Watch()));
    }

    private static final class Watch implements VertxTracer<Void, Void> {

        @Override
        public <R> @Nullable Void receiveRequest(
                Context context,
                SpanKind kind,
                TracingPolicy policy,
                R request,
                String operation,
                Iterable<Map.Entry<String, String>> headers,
                TagExtractor<R> tags) {
            if (request instanceof HttpServerRequest http
                    && http.decoderResult().isFailure()
                    && http.connection() instanceof HttpServerConnection connection) {
                connection.invalidRequestHandler(unreadable -> answer(context.owner(), unreadable));
            }
            return null;
        }
    }

    private static void answer(Vertx vertx, HttpServerRequest request) {
        ProblemDetails problem = problem(request.decoderResult().cause());
        vertx.setTimer(
                MILLISECONDS_FOR_THE_REST,
                _ ->
                        request.response()
                                .setStatusCode(problem.status())
                                .putHeader(HttpHeaders.CONTENT_TYPE, ProblemDetails.MEDIA_TYPE)
                                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                                .putHeader("X-Content-Type-Options", "nosniff")
                                .putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE)
                                .end(Json.write(problem))
                                .onComplete(_ -> request.connection().close()));
    }

    private static ProblemDetails problem(Throwable cause) {
        return switch (cause) {
            case TooLongHttpLineException _ ->
                    problem(
                            414,
                            "the request's address is longer than 4096 bytes",
                            "request line",
                            "send less in the query, or what is long as a body");
            case TooLongHttpHeaderException _ ->
                    problem(
                            431,
                            "the request's headers are longer than 16 KiB together",
                            "headers",
                            "send fewer or shorter headers, such as cookies of other sites");
            default ->
                    problem(
                            400,
                            "this is no HTTP/1.1 request that can be read",
                            "request line and headers",
                            "send one as RFC 9112 has it");
        };
    }

    private static ProblemDetails problem(int status, String what, String where, String mend) {
        return ProblemDetails.of(
                ErrorCode.REQUEST_MALFORMED, status, what, where, mend, TraceId.fresh());
    }
}
