package dev.tanren.plan.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StorableTextTest {

    @ParameterizedTest
    @ValueSource(
            strings = {"", "why not", "line\nline\r\n\tindented", "鍛錬", "👩‍🚒", "\u00a0\ufeffx"})
    void ordinaryTextStaysAsItIs(String text) {
        assertThat(StorableText.firstRefused(text)).isEmpty();
        assertThat(StorableText.of(text)).isSameAs(text);
    }

    @ParameterizedTest
    @CsvSource({
        "0x0000, U+0000, \\u0000",
        "0x0007, U+0007, \\u0007",
        "0x001b, U+001B, \\u001b",
        "0x007f, U+007F, \\u007f",
        "0x009b, U+009B, \\u009b",
        "0xd800, U+D800, \\ud800",
        "0xdc00, U+DC00, \\udc00",
    })
    void whatCannotBeKeptIsNamedAndShown(int character, String name, String shown) {
        String text = "a" + (char) character + "b";
        assertThat(StorableText.firstRefused(text)).hasValue(1);
        assertThat(StorableText.name(text, 1)).isEqualTo(name);
        assertThat(StorableText.of(text)).isEqualTo("a" + shown + "b");
    }

    @Test
    void halvesOfPairsAreFoundAtTheEndAndInTheWrongOrder() {
        assertThat(StorableText.of("x\ud83d")).isEqualTo("x\\ud83d");
        assertThat(StorableText.of("\udc00\ud800")).isEqualTo("\\udc00\\ud800");
    }
}
