package dev.tanren.controlplane.problem;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.Locale;

/// An error as the API tells it, by RFC 9457.
///
/// @param type stable address of the kind of error
/// @param title the kind of error in words
/// @param detail what was found and what was expected
/// @param where the key, object, address or run it concerns
/// @param mend what the reader can do about it
/// @param retryable whether the same request, unchanged, may succeed later
/// @param traceId finds the server's log lines
public record ProblemDetails(
        String type,
        String title,
        int status,
        String detail,
        String code,
        String where,
        String mend,
        boolean retryable,
        String traceId) {

    public static final String MEDIA_TYPE = "application/problem+json";

    public static ProblemDetails of(
            ErrorCode code, int status, String detail, String where, String mend, String traceId) {
        return new ProblemDetails(
                "https://tanren.dev/errors/" + code.code(),
                title(code),
                status,
                detail,
                code.code(),
                where,
                mend,
                code.retryable(),
                traceId);
    }

    public static ProblemDetails of(TanrenException e, String traceId) {
        return of(e.code(), status(e.code()), e.what(), e.where(), e.mend(), traceId)
                .retryable(e.retryable());
    }

    /// The same with since when it is so, and what happens meanwhile.
    ProblemDetails during(String since, String meanwhile) {
        return new ProblemDetails(
                type,
                title,
                status,
                detail + " " + since,
                code,
                where,
                mend + "; " + meanwhile,
                retryable,
                traceId);
    }

    private ProblemDetails retryable(boolean known) {
        return new ProblemDetails(type, title, status, detail, code, where, mend, known, traceId);
    }

    /// The same about another place.
    public ProblemDetails at(String place) {
        return new ProblemDetails(
                type, title, status, detail, code, place, mend, retryable, traceId);
    }

    /// Which HTTP status an error code comes with when nothing more is known.
    public static int status(ErrorCode code) {
        return switch (code) {
            case REQUEST_MALFORMED, USAGE -> 400;
            case UNAUTHENTICATED -> 401;
            case FORBIDDEN -> 403;
            case NOT_FOUND, OBJECT_MISSING -> 404;
            case STATE_CONFLICT,
                    IDEMPOTENCY_KEY_IN_FLIGHT,
                    OBJECT_EXISTS,
                    OBJECT_CORRUPT,
                    CHECKPOINT_STALE_ATTEMPT ->
                    409;
            case IDEMPOTENCY_KEY_REUSED,
                    PLAN_SYNTAX,
                    PLAN_UNKNOWN_KEY,
                    PLAN_MISSING_KEY,
                    PLAN_WRONG_TYPE,
                    PLAN_VALUE,
                    PLAN_REFERENCE,
                    PLAN_DUPLICATE,
                    PLAN_NOT_YET_SUPPORTED,
                    PLAN_INVALID,
                    PLAN_INCONSISTENT ->
                    422;
            case TOO_MANY_REQUESTS -> 429;
            case DATABASE_UNREACHABLE,
                    STORE_UNREACHABLE,
                    STORE_DEADLINE,
                    ORCHESTRATOR_UNREACHABLE ->
                    503;
            case DATABASE_FULL, STORE_FULL -> 507;
            default -> 500;
        };
    }

    /// Seconds after which a client may try again; 0 where that would not help.
    public int retryAfterSeconds() {
        return switch (status) {
            case 429 -> 1;
            case 503 -> 2;
            case 409 -> code.equals(ErrorCode.IDEMPOTENCY_KEY_IN_FLIGHT.code()) ? 2 : 0;
            default -> 0;
        };
    }

    private static String title(ErrorCode code) {
        String words = code.name().toLowerCase(Locale.ROOT).replace('_', ' ');
        return Character.toUpperCase(words.charAt(0)) + words.substring(1);
    }
}
