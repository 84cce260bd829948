package dev.tanren.spec.error;

import org.jspecify.annotations.Nullable;

/// A coded error: what was found, where, what was expected and how to mend it.
///
/// Messages never hold a secret. [FailureClass#retryable()] of the code alone decides whether the
/// work is tried again.
public final class TanrenException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String what;
    private final String where;
    private final String mend;

    /// @param what what was found and what was expected, in one sentence
    /// @param where the file, key, object, address or process it concerns
    /// @param mend what the reader can do about it
    public TanrenException(ErrorCode code, String what, String where, String mend) {
        this(code, what, where, mend, null);
    }

    public TanrenException(
            ErrorCode code, String what, String where, String mend, @Nullable Throwable cause) {
        super(code.code() + " " + what + " [" + where + "] " + mend, cause);
        this.code = code;
        this.what = what;
        this.where = where;
        this.mend = mend;
    }

    public ErrorCode code() {
        return code;
    }

    public String what() {
        return what;
    }

    public String where() {
        return where;
    }

    public String mend() {
        return mend;
    }

    public FailureClass failureClass() {
        return code.failureClass();
    }
}
