package dev.tanren.plan.validation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class PlanReaderPropertyTest {

    private static final List<String> PIECES =
            List.of(
                    "{",
                    "}",
                    "[",
                    "]",
                    ":",
                    ": ",
                    ",",
                    "\n",
                    "\t",
                    "  ",
                    "- ",
                    "&a ",
                    "*a",
                    "!!int ",
                    "'",
                    "\"",
                    "#",
                    "? ",
                    "null",
                    "true",
                    "-1",
                    "1e400",
                    "99999999999999999999",
                    "0",
                    "16Ki",
                    "2%",
                    "🎓",
                    "\u0000",
                    "<<",
                    "---\n",
                    "...\n",
                    "%YAML 1.1\n",
                    "|\n",
                    "code",
                    "@",
                    "microBatch: 65536");

    @Property(tries = 1500)
    void noEditMakesTheReaderThrow(@ForAll("edits") List<Edit> edits) {
        String text = Plans.javaExpert();
        for (Edit edit : edits) {
            text = edit.apply(text);
        }
        assertProblemsAreWellFormed(PlanReader.read(text), text);
    }

    @Property(tries = 300)
    void noTextMakesTheReaderThrow(@ForAll String text) {
        assertProblemsAreWellFormed(PlanReader.read(text), text);
    }

    private static void assertProblemsAreWellFormed(PlanReading reading, String text) {
        if (reading instanceof PlanReading.Invalid invalid) {
            long lines = text.lines().count() + 1;
            assertThat(invalid.problems())
                    .allSatisfy(
                            problem -> {
                                assertThat(problem.line()).isBetween(1, (int) lines + 1);
                                assertThat(problem.column()).isPositive();
                                assertThat(problem.message()).doesNotContain("\n");
                            });
        }
    }

    @Provide
    Arbitrary<List<Edit>> edits() {
        Arbitrary<Edit> edit =
                Combinators.combine(
                                Arbitraries.doubles().between(0, 1),
                                Arbitraries.integers().between(0, 12),
                                Arbitraries.of(PIECES))
                        .as(Edit::new);
        return edit.list().ofMinSize(1).ofMaxSize(4);
    }

    /// Replaces some characters somewhere.
    record Edit(double where, int cut, String insert) {
        String apply(String text) {
            int at = (int) (where * text.length());
            int end = Math.min(text.length(), at + cut);
            return text.substring(0, at) + insert + text.substring(end);
        }
    }
}
