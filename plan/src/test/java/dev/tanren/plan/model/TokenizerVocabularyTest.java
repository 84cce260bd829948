package dev.tanren.plan.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import org.junit.jupiter.api.Test;

class TokenizerVocabularyTest {

    @Test
    void addedTokensAreNumberedAfterTheVocabularyOrWithinIt() {
        TokenizerVocabulary tokens =
                read("{\"a\": 0, \"</s>\": 1, \"b\": 2}", "{\"</s>\": 1, \"<x>\": 3, \"<y>\": 4}");

        assertThat(tokens.size()).isEqualTo(5);
        assertThat(tokens.id("<y>")).hasValue(4);
        assertThat(tokens.id("b")).hasValue(2);
        assertThat(tokens.id("c")).isEmpty();
        assertThat(tokens.content(3)).contains("<x>");
        assertThat(tokens.content(2)).contains("b");
        assertThat(tokens.content(5)).isEmpty();
        assertThat(tokens.ordinary(2)).isTrue();
        assertThat(tokens.ordinary(1)).isFalse();
        assertThat(tokens.ordinary(5)).isFalse();
    }

    @Test
    void theListOfPiecesOfAUnigramModelIsReadToo() {
        TokenizerVocabulary tokens =
                read("[[\"<unk>\", 0], [\"a\", -1.5]]", "{\"<unk>\": 0, \"<x>\": 2}");

        assertThat(tokens.size()).isEqualTo(3);
        assertThat(tokens.id("a")).hasValue(1);
        assertThat(tokens.content(1)).contains("a");
    }

    /// Python's tokenizers 0.23.3 and AutoTokenizer of transformers 5.24 give 2 and 3 as well.
    @Test
    void idsThatTheLibraryWouldNotGiveAreRefused() {
        TanrenException thrown =
                catchThrowableOfType(
                        TanrenException.class,
                        () -> read("{\"a\": 0, \"b\": 1}", "{\"<x>\": 5, \"<y>\": 9}"));

        assertThat(thrown.code()).isEqualTo(ErrorCode.TOKENIZER_UNREADABLE);
        assertThat(thrown.getMessage()).contains("`<x>` has the id 5", "gives it 2");
    }

    private static TokenizerVocabulary read(String vocabulary, String added) {
        String tokens =
                added.replaceAll("[{}]", "")
                        .replaceAll("(\"[^\"]+\"): (\\d+)", "{\"id\": $2, \"content\": $1}");
        return TokenizerVocabulary.read(
                ("{\"model\": {\"vocab\": " + vocabulary + "}, \"added_tokens\": [" + tokens + "]}")
                        .getBytes(UTF_8),
                "tokenizer.json");
    }
}
