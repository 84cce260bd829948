package dev.tanren.activities.dataset.internal.text;

import java.io.IOException;

/// A line is not what it should be.
public final class JsonLineException extends IOException {

    private static final long serialVersionUID = 1L;

    JsonLineException(String what) {
        super(what);
    }

    /// What was found.
    public String what() {
        return String.valueOf(getMessage());
    }
}
