package dev.tanren.plan.text;

/// Bytes are not UTF-8. Whoever knows what they were meant to be gives this a code.
public final class NotUtf8Exception extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int line;
    private final int column;
    private final String what;
    private final String mend;

    NotUtf8Exception(int line, int column, String what, String mend) {
        super("line " + line + ", column " + column + ": " + what);
        this.line = line;
        this.column = column;
        this.what = what;
        this.mend = mend;
    }

    /// From 1.
    public int line() {
        return line;
    }

    /// From 1, in UTF-16 units.
    public int column() {
        return column;
    }

    /// What was found, without its place.
    public String what() {
        return what;
    }

    public String mend() {
        return mend;
    }
}
