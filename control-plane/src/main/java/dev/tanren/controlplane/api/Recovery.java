package dev.tanren.controlplane.api;

import org.jspecify.annotations.Nullable;

/// What a resume or a retry would do now.
///
/// @param resumeStep step after which training would go on; 0 means from the start of the stage
/// @param lastStep last step that was finished
/// @param stepsLost `lastStep - resumeStep`, computed again
/// @param secondsLost about how long that takes, from the measured step time; null when nothing was
///     measured
/// @param checkpointKey manifest that its weights would come from; null where they are the first
/// @param summary the same in one sentence
/// @param failure constant name of the error that it would end with; null where it would go on
public record Recovery(
        @Nullable String stage,
        @Nullable String phase,
        long resumeStep,
        long lastStep,
        long stepsLost,
        @Nullable Double secondsLost,
        int ranks,
        @Nullable String checkpointKey,
        String summary,
        @Nullable String failure) {}
