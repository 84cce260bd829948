package dev.tanren.storage.checkpoint;

import java.util.List;
import java.util.Map;

/// The phases of a stage that were left out before a checkpoint, as its state tells them: what a
/// run has decided outlives the registry.
public final class SkippedPhases {

    private static final String KEY = "phases.skipped";
    private static final String BETWEEN = " ";

    private SkippedPhases() {}

    /// What a checkpoint's state says of them.
    ///
    /// @param phases ids, which have no blanks
    public static Map<String, String> values(List<String> phases) {
        return phases.isEmpty() ? Map.of() : Map.of(KEY, String.join(BETWEEN, phases));
    }

    /// @param state of a checkpoint
    /// @return ids; empty where it names none
    public static List<String> of(Map<String, String> state) {
        String phases = state.getOrDefault(KEY, "");
        return phases.isEmpty() ? List.of() : List.of(phases.split(BETWEEN));
    }
}
