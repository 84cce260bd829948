package dev.tanren.spec.error;

import dev.tanren.spec.text.Printable;
import org.jspecify.annotations.Nullable;

/// A coded error: what was found, where, what was expected and how to mend it.
///
/// Messages never hold a secret, and nothing that breaks a line or reaches a terminal raw: names of
/// files and keys may hold such characters and are shown escaped ([Printable]).
/// [FailureClass#retryable()] of the code alone decides whether the work is tried again.
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
        this(new Shown(Printable.of(what)), code, where, mend, cause);
    }

    private TanrenException(
            Shown shown, ErrorCode code, String where, String mend, @Nullable Throwable cause) {
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
    }

    /// An error whose `what` has several lines, as a list of problems or the end of a log has.
    /// Names that it holds must be [Printable] already.
    public static TanrenException withLines(
            ErrorCode code, String what, String where, String mend, @Nullable Throwable cause) {
        return new TanrenException(new Shown(Printable.lines(what)), code, where, mend, cause);
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

    /// `what` as it is shown.
    private record Shown(String what) {}
}
