package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import dev.tanren.controlplane.problem.ProblemAnswers;
import dev.tanren.controlplane.problem.ProblemDetails;
import dev.tanren.controlplane.problem.TraceId;
import dev.tanren.plan.error.ErrorCode;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Locale;

/// Reads the body of a request whole before anyone works on it, in a limited time. It is small: a
/// plan names data, it does not hold it.
@Singleton
class Bodies {

    private static final int TOO_SLOW = 408;

    private final Vertx vertx;
    private final Duration patience;
    private final BodyHandler reader = BodyHandler.create(false).setBodyLimit(Gate.LARGEST_BODY);

    Bodies(Vertx vertx, Settings settings) {
        this.vertx = vertx;
        this.patience = settings.bodyPatience();
    }

    /// Goes on with the request when its body is here.
    void read(RoutingContext request) {
        if (!hasBody(request.request())) {
            request.next();
            return;
        }
        long timer = vertx.setTimer(patience.toMillis(), _ -> giveUp(request));
        request.addEndHandler(_ -> vertx.cancelTimer(timer));
        reader.handle(request);
    }

    /// Whether the body is a form in parts, which no call takes. Read as one it would be waited for
    /// where it is none.
    static boolean hasParts(HttpServerRequest request) {
        String type = request.getHeader("Content-Type");
        return type != null && type.toLowerCase(Locale.ROOT).contains("multipart/form-data");
    }

    private static boolean hasBody(HttpServerRequest request) {
        String length = request.getHeader("Content-Length");
        return request.headers().contains("Transfer-Encoding")
                || (length != null && !length.equals("0"));
    }

    /// The rest of the body may still be on its way, so that the connection is of no more use.
    private void giveUp(RoutingContext request) {
        if (request.request().isEnded() || request.response().ended()) {
            return;
        }
        request.addEndHandler(_ -> request.request().connection().close());
        request.response().putHeader("Connection", "close");
        ProblemAnswers.answer(
                request,
                ProblemDetails.of(
                        ErrorCode.REQUEST_MALFORMED,
                        TOO_SLOW,
                        "the body did not come within " + patience.toSeconds() + " s",
                        request.normalizedPath(),
                        "send the request again, all of it at once",
                        TraceId.of(request)));
    }
}
