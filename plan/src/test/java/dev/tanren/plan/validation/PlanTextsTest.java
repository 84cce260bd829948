package dev.tanren.plan.validation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Encodings, characters and patterns of plans.
class PlanTextsTest {

    private static final String SOURCE = "uri: \"file:./train.bin\"";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "textField: \"te\\0xt\"|textField|U+0000",
                "textField: \"te\\nxt\"|textField|U+000A",
                "include: \"a\\0*\"|include|U+0000",
                "include: \"a\\e[2J\"|include|U+001B",
                "include: \"a\\x7f\"|include|U+007F",
                "include: \"a\\x9b\"|include|U+009B",
                "include: \"[a\"|include|The pattern cannot be read",
                "include: \"{a\"|include|The pattern cannot be read",
                "include: \"a\\\\\"|include|The pattern cannot be read",
            })
    void aTextThatNoRunCouldUseIsRefused(String line, String key, String mend) {
        List<Problem> problems = problems(withSource(SOURCE + ", " + line));

        assertThat(problems).hasSize(1);
        assertThat(problems.getFirst().code()).isEqualTo(ErrorCode.PLAN_VALUE);
        assertThat(problems.getFirst().path()).isEqualTo("datasets.ids.sources[0]." + key);
        assertThat(problems.getFirst().mend()).contains(mend);
        assertThat(problems.getFirst().message()).doesNotContain("\0").doesNotContain("\u001b");
    }

    @Test
    void aControlCharacterInAnAddressIsRefusedInYamlAndInJson() {
        assertThat(problems(withSource("uri: \"file:./a\\rb\"")))
                .extracting(Problem::code)
                .containsExactly(ErrorCode.PLAN_VALUE);
        assertThat(problems(withSource("\"uri\": \"file:./a\\u0000b\"")))
                .extracting(Problem::code)
                .containsExactly(ErrorCode.PLAN_VALUE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"**/*.java", "{a,b}*.txt", "[!a]?.md", "\\[a", "ünï*", "*"})
    void patternsThatCanBeReadAreValid(String pattern) {
        assertThat(PlanReader.read(withSource(SOURCE + ", include: '" + pattern + "'")))
                .isInstanceOf(PlanReading.Valid.class);
    }

    @Test
    void aRawControlCharacterIsNamedWithItsPlace() {
        List<Problem> problems = problems(Plans.SMALLEST + "\n# a \0 here\n");

        assertThat(problems).hasSize(1);
        assertThat(problems.getFirst().code()).isEqualTo(ErrorCode.PLAN_SYNTAX);
        assertThat(problems.getFirst().line())
                .isEqualTo((int) Plans.SMALLEST.lines().count() + 1 + blank(Plans.SMALLEST));
        assertThat(problems.getFirst().column()).isEqualTo(5);
        assertThat(problems.getFirst().found()).contains("U+0000");
    }

    private static int blank(String text) {
        return text.endsWith("\n") ? 1 : 0;
    }

    @Test
    void aPlanInLatin1IsRefusedWithTheLineAndNeverReadWithAReplacement() {
        String text = withSource(SOURCE + ", textField: \"café\"");

        PlanReading reading = PlanReader.read(text.getBytes(StandardCharsets.ISO_8859_1));

        assertThat(reading)
                .isInstanceOfSatisfying(
                        PlanReading.Invalid.class,
                        invalid -> {
                            Problem problem = invalid.problems().getFirst();
                            assertThat(problem.code()).isEqualTo(ErrorCode.PLAN_SYNTAX);
                            assertThat(problem.line())
                                    .isEqualTo(
                                            1
                                                    + (int)
                                                            text.substring(0, text.indexOf("café"))
                                                                    .chars()
                                                                    .filter(c -> c == '\n')
                                                                    .count());
                            assertThat(problem.message()).contains("0xE9").contains("UTF-8");
                        });
        assertThat(PlanReader.read(text.getBytes(StandardCharsets.UTF_8)).planOrThrow())
                .isEqualTo(PlanReader.read(text).planOrThrow());
    }

    @Test
    void aByteOrderMarkBeforeAPlanIsFramingAndOneOfAnotherEncodingIsNamed() {
        byte[] marked = ("\uFEFF" + Plans.SMALLEST).getBytes(StandardCharsets.UTF_8);
        assertThat(PlanReader.read(marked).planOrThrow())
                .isEqualTo(PlanReader.read(Plans.SMALLEST).planOrThrow());

        byte[] wide = ("\uFEFF" + Plans.SMALLEST).getBytes(StandardCharsets.UTF_16LE);
        assertThat(((PlanReading.Invalid) PlanReader.read(wide)).problems().getFirst().message())
                .contains("UTF-16")
                .contains("iconv");
    }

    @Test
    void aMisspeltTypeIsNamedBesideTheMissingOne() {
        String text = Plans.SMALLEST.replaceFirst("type: pretrain", "typ: pretrain");
        assertThat(text).isNotEqualTo(Plans.SMALLEST);

        assertThat(problems(text))
                .anySatisfy(
                        problem -> {
                            assertThat(problem.code()).isEqualTo(ErrorCode.PLAN_UNKNOWN_KEY);
                            assertThat(problem.path()).isEqualTo("stages[0].typ");
                            assertThat(problem.nearest()).isEqualTo("type");
                        })
                .anySatisfy(
                        problem -> {
                            assertThat(problem.code()).isEqualTo(ErrorCode.PLAN_MISSING_KEY);
                            assertThat(problem.path()).isEqualTo("stages[0].type");
                        });
    }

    private static String withSource(String source) {
        return Plans.SMALLEST.replace("{" + SOURCE, "{" + source);
    }

    private static List<Problem> problems(String text) {
        assertThat(PlanReader.read(text)).isInstanceOf(PlanReading.Invalid.class);
        return ((PlanReading.Invalid) PlanReader.read(text)).problems();
    }
}
