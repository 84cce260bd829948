package dev.tanren.plan.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.EndTokens.EndToken;
import dev.tanren.plan.testing.TextFolder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What ends a text, with the files of published models cut down to what they say of it. The
/// model's own vocabulary is `a`, `b` and what lies between them, ids 0 to 9.
class EndTokensTest {

    private static final int VOCABULARY = 16;

    private final Map<String, String> files = new LinkedHashMap<>();

    @Test
    void theEndThatTheTokenizersConfigurationDeclaresEndsDocumentsWhateverItIsCalled() {
        tokenizerConfiguration("\"<\uFF5Cend\u2581of\u2581sentence\uFF5C>\"");

        EndTokens ends =
                read(
                        "<\uFF5Cbegin\u2581of\u2581sentence\uFF5C>",
                        "<\uFF5Cend\u2581of\u2581sentence\uFF5C>");

        assertThat(ends.document())
                .isEqualTo(
                        new EndToken(
                                11,
                                "<\uFF5Cend\u2581of\u2581sentence\uFF5C>",
                                "tokenizer_config.json"));
        assertThat(ends.generated()).containsExactly(11);
    }

    @Test
    void aListedNameThatTheBaseDoesNotDeclareEndsNothing() {
        tokenizerConfiguration("{\"content\": \"</s>\", \"special\": true}");

        EndTokens ends = read("<s>", "</s>", "<|im_end|>");

        assertThat(ends.document()).isEqualTo(new EndToken(11, "</s>", "tokenizer_config.json"));
        assertThat(ends.generated()).containsExactly(11);
    }

    @ParameterizedTest(name = "{0}: {1}, {2} and {3} are declared")
    @CsvSource(
            nullValues = "-",
            value = {
                // tokens, eos_token, of config.json, of generation_config.json, document, generated
                "Llama 3, <|end_of_text|>;<|eot_id|>, <|end_of_text|>, 10, 10, 10, 10",
                "Llama 3 Instruct, <|end_of_text|>;<|eot_id|>, <|eot_id|>, 11, [10;11], 10, 10;11",
                "Llama 3.1 Instruct, <|end_of_text|>;<|eom_id|>;<|eot_id|>, <|eot_id|>,"
                        + " [10;11;12], [10;11;12], 10, 10;11;12",
                "Qwen2.5, <|endoftext|>;<|im_start|>;<|im_end|>, <|endoftext|>, 10, 10, 10, 10",
                "Qwen2.5 Instruct, <|endoftext|>;<|im_start|>;<|im_end|>, <|im_end|>, 12,"
                        + " [12;10], 10, 10;12",
                "SmolLM2 Instruct, <|endoftext|>;<|im_start|>;<|im_end|>, <|im_end|>, 12, 12,"
                        + " 12, 12",
                "GPT-2, <|endoftext|>, -, 10, 10, 10, 10",
                "Gemma Instruct, <eos>;<end_of_turn>, <eos>, 10, [10;11], 10, 10;11",
                "Mistral, <s>;</s>, </s>, 11, 11, 11, 11",
                "Phi 3, <|endoftext|>;<|assistant|>;<|end|>, <|endoftext|>, 10, [10;11;12],"
                        + " 10, 10;11;12",
                "an unknown end beside that of turns, <|im_end|>;<fin>, <|im_end|>, 11, [10;11],"
                        + " 11, 10;11",
                "two raw ends, </s>;<|endoftext|>, <|endoftext|>, 10, 10, 11, 10;11",
                "a piece of text, <|endoftext|>, -, 2, 2, 10, 2;10",
                "an id without a token, <|endoftext|>, -, [13;14], -, 13, 13;14",
                "an id beyond the vocabulary, <|endoftext|>, -, 50256, -, 10, 10;50256",
                "a name that the tokenizer lacks, <|endoftext|>, <gone>, -, -, 10, 10",
            })
    void publishedFamiliesEndTheirDocumentsAsTheirRawTextDoes(
            String family,
            String added,
            @Nullable String name,
            @Nullable String ofModel,
            @Nullable String ofGeneration,
            int document,
            String generated) {
        if (name != null) {
            tokenizerConfiguration("\"" + name + "\"");
        }
        ids("config.json", ofModel);
        ids("generation_config.json", ofGeneration);

        EndTokens ends = read(added.split(";"));

        assertThat(ends.document()).isNotNull().extracting(EndToken::id).isEqualTo(document);
        assertThat(ends.generated().stream().sorted().map(String::valueOf))
                .containsExactly(generated.split(";"));
    }

    @Test
    void theMapOfSpecialTokensIsReadAsWell() {
        files.put("special_tokens_map.json", "{\"eos_token\": {\"content\": \"<fin>\"}}");

        EndToken end = read("<|endoftext|>", "<fin>").ofDocuments().orElseThrow();

        assertThat(end).isEqualTo(new EndToken(11, "<fin>", "special_tokens_map.json"));
        assertThat(end.describe())
                .isEqualTo("`<fin>` (11), which `special_tokens_map.json` declares");
    }

    @Test
    void aWellKnownNameIsTakenWhereNothingIsDeclared() {
        EndTokens ends = read("<s>", "<|im_end|>", "</s>");

        assertThat(ends.document()).isEqualTo(new EndToken(12, "</s>", null));
        assertThat(ends.describe())
                .isEqualTo(
                        "documents end in `</s>` (12), known by its name, since no file declares an"
                                + " end token");
    }

    @Test
    void aModelWithoutAnEndTokenHasNone() {
        EndTokens ends = read("<pad>");

        assertThat(ends).isEqualTo(EndTokens.NONE);
        assertThat(ends.describe()).startsWith("documents have no token at their end");
    }

    @Test
    void idsAreReadWithoutATokenizerToo() {
        ids("config.json", "[7;8]");

        assertThat(EndTokens.read(null, new TextFolder(files), VOCABULARY))
                .isEqualTo(new EndTokens(new EndToken(7, null, "config.json"), List.of(7, 8)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tokenizer_config.json  | {",
                "generation_config.json | {\"eos_token_id\": \"two\"}",
                "config.json            | {\"eos_token_id\": [1.5]}"
            })
    void aFileThatCannotBeReadIsNamed(String file, String text) {
        files.put(file, text);

        TanrenException thrown =
                catchThrowableOfType(TanrenException.class, () -> read("<|endoftext|>"));

        assertThat(thrown.code()).isEqualTo(ErrorCode.MODEL_CONFIGURATION);
        assertThat(thrown.where()).isEqualTo("folder/" + file);
    }

    private void tokenizerConfiguration(String eosToken) {
        files.put("tokenizer_config.json", "{\"eos_token\": " + eosToken + "}");
    }

    private void ids(String file, @Nullable String ids) {
        if (ids != null) {
            files.put(file, "{\"eos_token_id\": " + ids.replace(';', ',') + "}");
        }
    }

    private EndTokens read(String... added) {
        return EndTokens.read(vocabulary(added), new TextFolder(files), VOCABULARY);
    }

    private static TokenizerVocabulary vocabulary(String... added) {
        StringBuilder json = new StringBuilder("{\"model\": {\"vocab\": {");
        for (int id = 0; id < 10; id++) {
            json.append(id == 0 ? "" : ", ").append("\"").append((char) ('a' + id));
            json.append("\": ").append(id);
        }
        json.append("}}, \"added_tokens\": [");
        for (int at = 0; at < added.length; at++) {
            json.append(at == 0 ? "" : ", ").append("{\"id\": ").append(10 + at);
            json.append(", \"content\": \"").append(added[at]).append("\"}");
        }
        return TokenizerVocabulary.read(
                json.append("]}").toString().getBytes(UTF_8), "tokenizer.json");
    }
}
