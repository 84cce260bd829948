package dev.tanren.activities.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.tanren.launch.DjlSettings;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.TokenizerVocabulary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// DJL's tokenizers number added tokens as Python's do, and [TokenizerVocabulary] refuses files
/// that say otherwise.
class TokenNumberingTest {

    @Test
    void addedTokensWithHolesBeforeThemAreNumberedByTheLibraryAndRefusedByUs() throws IOException {
        byte[] holes = tokenizer(300, 319);

        // Python's tokenizers 0.23.3 and AutoTokenizer of transformers 5.24: [97, 256, 257].
        assertThat(library(holes, "<x><y>")).containsExactly(256, 257);
        assertThatThrownBy(() -> TokenizerVocabulary.read(holes, "tokenizer.json"))
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> {
                            assertThat(e.code()).isEqualTo(ErrorCode.TOKENIZER_UNREADABLE);
                            assertThat(e.what()).contains("`<x>`", "300", "256");
                        });
    }

    @Test
    void addedTokensWithoutHolesHaveTheIdsOfTheFile() throws IOException {
        byte[] whole = tokenizer(256, 257);
        TokenizerVocabulary tokens = TokenizerVocabulary.read(whole, "tokenizer.json");

        assertThat(library(whole, "<x><y>"))
                .containsExactly(tokens.id("<x>").orElseThrow(), tokens.id("<y>").orElseThrow());
    }

    private static long[] library(byte[] tokenizer, String text) throws IOException {
        DjlSettings.apply();
        try (HuggingFaceTokenizer library =
                HuggingFaceTokenizer.newInstance(
                        new ByteArrayInputStream(tokenizer), Map.of("addSpecialTokens", "false"))) {
            return library.encode(text).getIds();
        }
    }

    private static byte[] tokenizer(int first, int second) throws IOException {
        try (var in =
                Objects.requireNonNull(
                        TokenNumberingTest.class.getResourceAsStream("/bytes-tokenizer.json"))) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            String token =
                    "{\"id\":%d,\"content\":\"%s\",\"single_word\":false,\"lstrip\":false,"
                            + "\"rstrip\":false,\"normalized\":false,\"special\":true}";
            String added = token.formatted(first, "<x>") + "," + token.formatted(second, "<y>");
            return text.replaceFirst(
                            "\"added_tokens\":\\[[^]]*]", "\"added_tokens\":[" + added + "]")
                    .getBytes(StandardCharsets.UTF_8);
        }
    }
}
