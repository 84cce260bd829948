package dev.tanren.plan.text;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import org.junit.jupiter.api.Test;

class PrintableTest {

    @Test
    void whatMovesATerminalOrBreaksALineIsShownAsAnEscape() {
        assertThat(Printable.of("a\nb\r\t\u001b[31m\u0000\u007f\u009b"))
                .isEqualTo("a\\nb\\r\\t\\u001b[31m\\u0000\\u007f\\u009b");
        assertThat(Printable.of("\u202etxt.exe\u2028\u2066"))
                .isEqualTo("\\u202etxt.exe\\u2028\\u2066");
        assertThat(Printable.of("\ud83d and \ude00")).isEqualTo("\\ud83d and \\ude00");
    }

    @Test
    void everythingElseStaysAndDoingItTwiceChangesNothing() {
        String text = "C:\\new café 漢字 😀 'quoted' \"too\"";
        assertThat(Printable.of(text)).isEqualTo(text);
        String once = Printable.of("a\n\u001b");
        assertThat(Printable.of(once)).isEqualTo(once);
    }

    @Test
    void errorsShowNamesEscapedInEveryPart() {
        TanrenException error =
                new TanrenException(ErrorCode.SOURCE_UNREADABLE, "a\nb", "c\u001bd", "e\tf");

        assertThat(error.what()).isEqualTo("a\\nb");
        assertThat(error.where()).isEqualTo("c\\u001bd");
        assertThat(error.mend()).isEqualTo("e\\tf");
        assertThat(error).hasMessage("TNR-2002 a\\nb [c\\u001bd] e\\tf");
    }

    @Test
    void linesThatAreMeantStayLines() {
        TanrenException error =
                TanrenException.withLines(
                        ErrorCode.PLAN_INVALID, "two:\n  one\u001b\n  two", "plan", "mend", null);

        assertThat(error.what()).isEqualTo("two:\n  one\\u001b\n  two");
    }

    @Test
    void aLongTextIsCutBetweenCharacters() {
        assertThat(Printable.of("abc", 3)).isEqualTo("abc");
        assertThat(Printable.of("ab😀", 3)).isEqualTo("ab…");
    }
}
