package dev.tanren.workflows.failure;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.FailureClass;
import dev.tanren.plan.text.StorableText;

/// A coded error as it travels in payloads.
///
/// @param code constant name of [ErrorCode]
public record Failure(String code, String what, String where, String mend) {

    /// Longer texts are cut: a failure is carried and kept many times over.
    private static final int LONGEST = 4_000;

    public Failure {
        what = kept(what);
        where = kept(where);
        mend = kept(mend);
    }

    private static String kept(String text) {
        return StorableText.of(text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text);
    }

    public Failure(ErrorCode code, String what, String where, String mend) {
        this(code.name(), what, where, mend);
    }

    public ErrorCode errorCode() {
        return ErrorCode.valueOf(code);
    }

    public FailureClass failureClass() {
        return errorCode().failureClass();
    }

    /// The same without words from outside, for a registry that refused them.
    public Failure reduced() {
        return new Failure(
                code,
                "the registry refused the words of this failure; the worker's log has them",
                "run",
                errorCode().mend());
    }

    /// One sentence for people.
    public String message() {
        return errorCode().code() + " " + what + " [" + where + "] " + mend;
    }
}
