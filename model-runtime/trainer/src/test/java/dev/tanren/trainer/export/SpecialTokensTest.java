package dev.tanren.trainer.export;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.spec.model.HuggingFaceConfiguration;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Architecture.Family;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpecialTokensTest {

    private static final byte[] TOKENIZER =
            """
            {"added_tokens": [
              {"id": 7, "content": "<|endoftext|>"},
              {"id": 8, "content": "<|im_start|>"},
              {"id": 9, "content": "<|im_end|>"}]}
            """
                    .getBytes(StandardCharsets.UTF_8);

    private static final Architecture SHAPE =
            new Architecture(Family.QWEN2, 10, 8, 1, 2, 1, 16, null, false, 1e4, 1e-5, 128);

    @Test
    void theNamesThatOpenModelsUseTellWhatEndsAText() {
        SpecialTokens found = SpecialTokens.of(TOKENIZER, "tokenizer.json");

        assertThat(found.end()).isEqualTo(new SpecialTokens.Token("<|endoftext|>", 7));
        assertThat(found.endIds()).containsExactly(7);
        assertThat(found.beginning()).isNull();
    }

    @Test
    void whatTheBaseModelSaysGoesBeforeNames() {
        SpecialTokens found =
                SpecialTokens.of(
                        TOKENIZER,
                        "tokenizer.json",
                        new HuggingFaceConfiguration(SHAPE, "float32", 8, List.of(9, 7)),
                        Optional.of(bytes("{\"eos_token_id\": 8}")));

        assertThat(found.end()).isEqualTo(new SpecialTokens.Token("<|im_end|>", 9));
        assertThat(found.endIds()).containsExactly(9, 7);
        assertThat(found.beginningId()).isEqualTo(8);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"eos_token_id\": [9, 7]} | 9 7",
                "{\"eos_token_id\": 7} | 7",
                "{} | ''",
                "[ | ''"
            })
    void whereTheConfigurationNamesNoEndTheGenerationsIsTaken(String generation, String ends) {
        SpecialTokens found =
                SpecialTokens.of(
                        TOKENIZER,
                        "tokenizer.json",
                        new HuggingFaceConfiguration(SHAPE, "float32", null, List.of()),
                        Optional.of(bytes(generation)));

        assertThat(found.endIds().stream().map(String::valueOf).collect(joining(" ")))
                .isEqualTo(ends);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
