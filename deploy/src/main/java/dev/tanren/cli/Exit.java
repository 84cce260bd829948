package dev.tanren.cli;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;

/// Exit codes of the command line, which scripts branch on.
final class Exit {
    static final int OK = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int NOT_FOUND = 3;
    static final int AUTHENTICATION = 4;
    static final int CONFLICT = 5;
    static final int TIMEOUT = 6;

    /// Also what the JVM ends with after Ctrl-C.
    static final int INTERRUPTED = 130;

    private Exit() {}

    static int of(TanrenException error) {
        return of(error.code());
    }

    static int of(ErrorCode code) {
        return switch (code) {
            case NOT_FOUND, OBJECT_MISSING, MODEL_MISSING, SOURCE_MISSING -> NOT_FOUND;
            case UNAUTHENTICATED, FORBIDDEN, TOKEN_EXPOSED -> AUTHENTICATION;
            case STATE_CONFLICT, IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_KEY_IN_FLIGHT, OBJECT_EXISTS ->
                    CONFLICT;
            case STORE_DEADLINE, WAIT_OVER -> TIMEOUT;
            case USAGE, REQUEST_MALFORMED -> USAGE;
            default -> code.code().startsWith("TNR-1") ? USAGE : FAILED;
        };
    }
}
