package dev.tanren.activities.registry;

import dev.tanren.storage.registry.Events;
import io.temporal.activity.Activity;
import io.temporal.activity.ActivityInfo;
import java.util.List;
import java.util.Map;

/// The event that says that sources are no longer what a run began with. The run goes on with what
/// was prepared then.
public final class DataDiffers {

    private static final int SHOWN = 3;
    private static final int KEPT = 100;

    private DataDiffers() {}

    /// Records it once a call of an activity, however often that is tried; nothing where nothing
    /// differs.
    ///
    /// @param what such as `dataset 'code'`
    /// @param differences in words, one a file
    public static void record(Events events, String runId, String what, List<String> differences) {
        if (differences.isEmpty()) {
            return;
        }
        ActivityInfo call = Activity.getExecutionContext().getInfo();
        events.append(
                runId,
                "data.differs",
                null,
                message(what, differences),
                Map.of("what", what, "differences", differences.stream().limit(KEPT).toList()),
                "data.differs/" + call.getWorkflowRunId() + "/" + call.getActivityId());
    }

    static String message(String what, List<String> differences) {
        int more = differences.size() - SHOWN;
        return "the sources of "
                + what
                + " are no longer what the run began with ("
                + String.join("; ", differences.subList(0, Math.min(SHOWN, differences.size())))
                + (more > 0 ? "; and " + more + " more" : "")
                + "); the run goes on with what was prepared then";
    }
}
