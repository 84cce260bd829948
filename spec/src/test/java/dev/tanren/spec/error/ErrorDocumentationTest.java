package dev.tanren.spec.error;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.spec.GeneratedDocument;
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
                                    code.failureClass().retryable() ? "yes" : "no",
                                    code.mend()));
        }
        GeneratedDocument.assertCommitted("errors.md", text.toString());
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
