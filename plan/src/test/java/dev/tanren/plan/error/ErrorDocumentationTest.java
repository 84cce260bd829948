package dev.tanren.plan.error;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.GeneratedDocument;
import java.util.Arrays;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class ErrorDocumentationTest {

    @Test
    void theCommittedReferenceOfErrorsIsThatOfTheCode() throws Exception {
        StringBuilder text =
                new StringBuilder(
                        """
                        # Errors: every code

                        <!-- Generated from ErrorCode. ErrorDocumentationTest says how to regenerate it. -->

                        A message says what was found, what was expected, where, and how to mend it; this list has what usually
                        helps. The class decides whether the same work is tried again by itself.

                        How often: without a newer checkpoint between them, failures of a training stage are counted together. Of
                        the classes rank_crashed, hung and anomaly the 6th ends the run, of storage the 4th; the wait doubles up to
                        1 minute. Preemptions are counted by themselves, with waits up to 10 minutes: the 13th pauses the run.
                        Preparation, export and evaluation are tried 10 times at most. A run that has ended is not begun again by
                        itself, whatever its code: a person retries it.

                        | code | name | class | tried again | what helps |
                        |---|---|---|---|---|
                        """);
        for (ErrorCode code : ErrorCode.values()) {
            text.append(
                    "| %s | %s | %s | %s | %s |\n"
                            .formatted(
                                    code.code(),
                                    code.name(),
                                    code.failureClass().name().toLowerCase(Locale.ROOT),
                                    triedAgain(code),
                                    code.mend()));
        }
        GeneratedDocument.assertCommitted("errors.md", text.toString());
    }

    /// A workflow that was ended from outside begins no attempt, whatever the failure's class.
    private static String triedAgain(ErrorCode code) {
        if (code == ErrorCode.RUN_INTERRUPTED) {
            return "by a person";
        }
        return code.failureClass().retryable() ? "yes" : "no";
    }

    @Test
    void everyCodeIsItsOwnAndHasAMend() {
        assertThat(ErrorCode.values()).extracting(ErrorCode::code).doesNotHaveDuplicates();
        assertThat(Arrays.asList(ErrorCode.values()))
                .allSatisfy(
                        code -> {
                            assertThat(code.code()).matches("TNR-\\d{4}");
                            assertThat(code.mend()).endsWith(".").doesNotContain("\n", "|");
                        });
    }
}
