package dev.tanren.activities.hub.internal;

import dev.tanren.activities.hub.HubEndpoint;
import dev.tanren.activities.hub.HubToken;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What the status of an answer means.
final class Answers {

    private static final Pattern HUB_ERROR = Pattern.compile("[A-Za-z]{1,40}");
    private static final Pattern SECONDS = Pattern.compile("[0-9]{1,9}");

    private Answers() {}

    /// Lets pass what carries content.
    ///
    /// @param ownOrigin whether the endpoint itself answered, and not where it led
    /// @throws TransientFailure where the same request may succeed later
    /// @throws TanrenException `HUB_DENIED`, `MODEL_MISSING`, `HUB_CORRUPT`
    static void require(HttpResponse<?> answer, boolean ownOrigin, String where)
            throws TransientFailure {
        int status = answer.statusCode();
        if (status == 200 || status == 206) {
            return;
        }
        boolean denied = status == 401 || status == 403;
        if (denied && ownOrigin) {
            throw denied(answer, where);
        }
        // A storage server that denies or misses what the Hub led to: the signed address ran out.
        boolean ledAstray = !ownOrigin && (denied || status == 404);
        if (ledAstray || status == 408 || status == 429 || status >= 500) {
            throw new TransientFailure(
                    "status " + status + " of " + answer.uri().getHost(), asked(answer));
        }
        if (status == 404) {
            throw new TanrenException(
                    ErrorCode.MODEL_MISSING,
                    "the Hub has no such model, revision or file" + told(answer),
                    where,
                    "Correct the name and the revision.");
        }
        if (status == 416) {
            throw new TanrenException(
                    ErrorCode.HUB_CORRUPT,
                    "the file is shorter than the Hub announced",
                    where,
                    "Run it again; where it stays so, the Hub or the mirror is at fault.");
        }
        throw new TanrenException(
                ErrorCode.HUB_CORRUPT,
                "the Hub answered with the status " + status + told(answer),
                where,
                "Check that " + HubEndpoint.VARIABLE + " names a Hub.");
    }

    private static TanrenException denied(HttpResponse<?> answer, String where) {
        return new TanrenException(
                ErrorCode.HUB_DENIED,
                "the Hub denies access with the status "
                        + answer.statusCode()
                        + told(answer)
                        + ": the model is gated or private, or there is none of this name",
                where,
                "Check the name, accept the model's terms on the Hub, and start the worker with a "
                        + HubToken.VARIABLE
                        + " that may read it.");
    }

    /// The Hub's own word for the error.
    private static String told(HttpResponse<?> answer) {
        return answer.headers()
                .firstValue("X-Error-Code")
                .filter(code -> HUB_ERROR.matcher(code).matches())
                .map(code -> " (" + code + ")")
                .orElse("");
    }

    private static @Nullable Duration asked(HttpResponse<?> answer) {
        String value = answer.headers().firstValue("Retry-After").orElse("").strip();
        if (SECONDS.matcher(value).matches()) {
            return Duration.ofSeconds(Long.parseLong(value));
        }
        try {
            Instant at =
                    ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            return Duration.between(Instant.now(), at);
        } catch (DateTimeParseException e) {
            return null;
        }
    }
}
