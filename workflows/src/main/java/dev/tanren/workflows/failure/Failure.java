package dev.tanren.workflows.failure;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.FailureClass;

/// A coded error as it travels in payloads.
///
/// @param code constant name of [ErrorCode]
public record Failure(String code, String what, String where, String mend) {

    public Failure(ErrorCode code, String what, String where, String mend) {
        this(code.name(), what, where, mend);
    }

    public ErrorCode errorCode() {
        return ErrorCode.valueOf(code);
    }

    public FailureClass failureClass() {
        return errorCode().failureClass();
    }

    /// One sentence for people.
    public String message() {
        return errorCode().code() + " " + what + " [" + where + "] " + mend;
    }
}
