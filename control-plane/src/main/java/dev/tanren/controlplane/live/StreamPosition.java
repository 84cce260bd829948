package dev.tanren.controlplane.live;

import dev.tanren.controlplane.run.RunsResource;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// How far a reader of a run's stream has come, as the stream's ids say it: `17`, or
/// `17/adapt/2/640` once figures of steps were sent.
///
/// @param event id of the last event
/// @param steps the last step; null before the first
record StreamPosition(long event, @Nullable Step steps) {

    static final StreamPosition START = new StreamPosition(0, null);

    private static final Pattern TEXT =
            Pattern.compile("(\\d{1,18})(?:/([a-z0-9-]{1,63})/(\\d{1,9})/(\\d{1,18}))?");

    /// @param attempt the newest that had begun when the step was sent; 0 before the first
    /// @param step 0 before the first
    record Step(String stage, int attempt, long step) {}

    /// @throws dev.tanren.plan.error.TanrenException `REQUEST_MALFORMED`
    static StreamPosition parse(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return START;
        }
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw RunsResource.malformed("Last-Event-ID", "the id of an event of this stream");
        }
        Step steps =
                parts.group(2) == null
                        ? null
                        : new Step(
                                parts.group(2),
                                Integer.parseInt(parts.group(3)),
                                Long.parseLong(parts.group(4)));
        return new StreamPosition(Long.parseLong(parts.group(1)), steps);
    }

    @Override
    public String toString() {
        return steps == null
                ? Long.toString(event)
                : event + "/" + steps.stage + "/" + steps.attempt + "/" + steps.step;
    }
}
