package dev.tanren.workflows.payload;

import dev.tanren.workflows.failure.Failures;

/// Holds the answer of an activity against its question: one that was sealed for another question
/// of the same run, and copied, is not taken.
public final class Answers {

    private Answers() {}

    /// @param asked what names the question, and nothing but this one
    /// @param answered the same, as the answer has it
    /// @throws io.temporal.failure.ApplicationFailure `PAYLOAD_REFUSED` where they differ
    public static void require(Object asked, Object answered) {
        if (!asked.equals(answered)) {
            throw Failures.ofWorkflow(
                    new PayloadRefused("an answer to " + answered + " stands for one to " + asked)
                            .failure());
        }
    }
}
