package dev.tanren.activities.hub.internal;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The Hub did not answer, or asked to be asked again.
final class TransientFailure extends IOException {

    private static final long serialVersionUID = 1L;

    private final transient @Nullable Duration asked;

    /// @param asked how long the Hub wants to be left alone; null where it does not say
    TransientFailure(String message, @Nullable Duration asked) {
        super(message);
        this.asked = asked;
    }

    @Nullable Duration asked() {
        return asked;
    }
}
