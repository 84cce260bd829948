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
/// @param summary the same in one sentence, and `inputs` in another
/// @param failure constant name of the error that it would end with; null where it would go on
/// @param inputs what a retry would train on; null where that is not in question
/// @param situation what a person on call is told, of which this is a part; null within it
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
        @Nullable String failure,
        @Nullable String inputs,
        @Nullable Situation situation) {

    /// Of which nothing is said of what it trains on.
    public Recovery(
            @Nullable String stage,
            @Nullable String phase,
            long resumeStep,
            long lastStep,
            long stepsLost,
            @Nullable Double secondsLost,
            int ranks,
            @Nullable String checkpointKey,
            String summary,
            @Nullable String failure) {
        this(
                stage,
                phase,
                resumeStep,
                lastStep,
                stepsLost,
                secondsLost,
                ranks,
                checkpointKey,
                summary,
                failure,
                null,
                null);
    }

    /// The same with what a retry would train on.
    public Recovery with(@Nullable String sentence) {
        return sentence == null
                ? this
                : new Recovery(
                        stage,
                        phase,
                        resumeStep,
                        lastStep,
                        stepsLost,
                        secondsLost,
                        ranks,
                        checkpointKey,
                        summary + " " + sentence,
                        failure,
                        sentence,
                        situation);
    }

    /// The same as a part of all that a person on call is told.
    public Recovery in(Situation whole) {
        return new Recovery(
                stage,
                phase,
                resumeStep,
                lastStep,
                stepsLost,
                secondsLost,
                ranks,
                checkpointKey,
                summary,
                failure,
                inputs,
                whole);
    }
}
