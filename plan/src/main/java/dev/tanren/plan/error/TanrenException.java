package dev.tanren.plan.error;

import dev.tanren.plan.text.Printable;
import org.jspecify.annotations.Nullable;

/// A coded error: what was found, where, what was expected and how to mend it.
///
/// Messages never hold a secret, and nothing that breaks a line or reaches a terminal raw: names of
/// files and keys may hold such characters and are shown escaped ([Printable]).
/// [FailureClass#retryable()] of the code alone decides whether the work is tried again by itself;
/// [#retryable()] says whether it is worth asking for the same once more.
public final class TanrenException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String what;
    private final String where;
    private final String mend;
    private final boolean retryable;

    /// @param what what was found and what was expected, in one sentence
    /// @param where the file, key, object, address or process it concerns
    /// @param mend what the reader can do about it
    public TanrenException(ErrorCode code, String what, String where, String mend) {
        this(code, what, where, mend, null);
    }

    public TanrenException(
            ErrorCode code, String what, String where, String mend, @Nullable Throwable cause) {
        this(new Shown(Printable.of(what)), code, where, mend, code.retryable(), cause);
    }

    private TanrenException(
            Shown shown,
            ErrorCode code,
            String where,
            String mend,
            boolean retryable,
            @Nullable Throwable cause) {
        super(
                code.code()
                        + " "
                        + shown.what()
                        + " ["
                        + Printable.of(where)
                        + "] "
                        + Printable.of(mend),
                cause);
        this.code = code;
        this.what = shown.what();
        this.where = Printable.of(where);
        this.mend = Printable.of(mend);
        this.retryable = retryable;
    }

    /// The same error of a request that may succeed later as it is: what is in its way ends by
    /// itself.
    public TanrenException passing() {
        return new TanrenException(new Shown(what), code, where, mend, true, getCause());
    }

    /// An error whose `what` has several lines, as a list of problems or the end of a log has.
    /// Names that it holds must be [Printable] already.
    public static TanrenException withLines(
            ErrorCode code, String what, String where, String mend, @Nullable Throwable cause) {
        return new TanrenException(
                new Shown(Printable.lines(what)), code, where, mend, code.retryable(), cause);
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

    /// Whether the same request, unchanged, may succeed later.
    public boolean retryable() {
        return retryable;
    }

    public FailureClass failureClass() {
        return code.failureClass();
    }

    /// `what` as it is shown.
    private record Shown(String what) {}
}
