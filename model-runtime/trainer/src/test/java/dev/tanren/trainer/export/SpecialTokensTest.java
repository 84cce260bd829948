package dev.tanren.trainer.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.spec.model.HuggingFaceConfiguration;
import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Architecture.Family;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class SpecialTokensTest {

    private static final byte[] TOKENIZER =
            """
            {"added_tokens": [
              {"id": 7, "content": "<|endoftext|>"},
              {"id": 8, "content": "<|im_start|>"},
              {"id": 9, "content": "<|im_end|>"}]}
            """
                    .getBytes(StandardCharsets.UTF_8);

    @Test
    void theNamesThatOpenModelsUseTellWhatEndsAText() {
        SpecialTokens found = SpecialTokens.of(TOKENIZER, "tokenizer.json");

        assertThat(found.end()).isEqualTo(new SpecialTokens.Token("<|endoftext|>", 7));
        assertThat(found.endIds()).containsExactly(7);
        assertThat(found.beginning()).isNull();
    }

    @Test
    void whatTheBaseModelSaysGoesBeforeNames() {
        Architecture shape =
                new Architecture(Family.QWEN2, 10, 8, 1, 2, 1, 16, null, false, 1e4, 1e-5, 128);
        SpecialTokens found =
                SpecialTokens.of(
                        TOKENIZER,
                        "tokenizer.json",
                        new HuggingFaceConfiguration(shape, "float32", 8, List.of(9, 7)));

        assertThat(found.end()).isEqualTo(new SpecialTokens.Token("<|im_end|>", 9));
        assertThat(found.endIds()).containsExactly(9, 7);
        assertThat(found.beginningId()).isEqualTo(8);
    }
}
