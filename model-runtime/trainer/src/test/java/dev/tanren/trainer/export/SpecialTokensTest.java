package dev.tanren.trainer.export;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.model.EndTokens.EndToken;
import dev.tanren.plan.model.HuggingFaceConfiguration;
import dev.tanren.plan.model.TokenIds;
import dev.tanren.plan.model.TokenizerVocabulary;
import dev.tanren.storage.testing.MemoryObjectStore;
import dev.tanren.storage.weights.StoredModelFolder;
import java.util.List;
import org.junit.jupiter.api.Test;

class SpecialTokensTest {

    private static final TokenizerVocabulary TOKENIZER =
            TokenizerVocabulary.read(
                    """
                    {"model": {"vocab": {"a": 0, "b": 1}}, "added_tokens": [
                      {"id": 2, "content": "<|endoftext|>"},
                      {"id": 3, "content": "<|im_start|>"},
                      {"id": 4, "content": "<|im_end|>"}]}
                    """
                            .getBytes(UTF_8),
                    "tokenizer.json");

    private static final Architecture SHAPE =
            new Architecture(Family.QWEN2, 10, 8, 1, 2, 1, 16, null, false, 1e4, 1e-5, 128);

    private final MemoryObjectStore store = new MemoryObjectStore();

    @Test
    void ofFreshWeightsTheTokenizersNamesTellWhatEndsAText() {
        SpecialTokens found = special();

        assertThat(found.end()).isEqualTo(new EndToken(2, "<|endoftext|>", null));
        assertThat(found.ids()).isEqualTo(TokenIds.of(null, List.of(2)));
        assertThat(found.paddingOrEnd()).isEqualTo("<|endoftext|>");
        assertThat(found.beginning()).isNull();
    }

    @Test
    void whatTheBaseModelSaysGoesBeforeNames() {
        put("config.json", configuration(TokenIds.of(3, List.of(4, 2))));

        SpecialTokens found = special();

        assertThat(found.end()).isEqualTo(new EndToken(2, "<|endoftext|>", "config.json"));
        assertThat(found.generatedEnds()).containsExactly(4, 2);
        assertThat(found.ids()).isEqualTo(TokenIds.of(3, List.of(4, 2)));
        assertThat(found.beginning()).isEqualTo("<|im_start|>");
    }

    @Test
    void whereTheConfigurationNamesNoEndTheGenerationsIsTaken() {
        put("config.json", configuration(TokenIds.NONE));
        put("generation_config.json", "{\"eos_token_id\": [4, 2]}");

        assertThat(special().ids()).isEqualTo(TokenIds.of(null, List.of(4, 2)));
    }

    @Test
    void anIdThatIsAPieceOfTextIsNotSpelledOut() {
        put("config.json", configuration(TokenIds.of(1, List.of(2))));

        assertThat(special().beginning()).isNull();
        assertThat(special().ids()).isEqualTo(TokenIds.of(1, List.of(2)));
    }

    private SpecialTokens special() {
        return SpecialTokens.of(new StoredModelFolder(store, "models/base/"), TOKENIZER, 10);
    }

    private void put(String name, String text) {
        store.put("models/base/" + name, text.getBytes(UTF_8));
    }

    private static String configuration(TokenIds ids) {
        return new HuggingFaceConfiguration(SHAPE, "float32", ids).toJson();
    }
}
