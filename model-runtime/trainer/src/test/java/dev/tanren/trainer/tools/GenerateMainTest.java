package dev.tanren.trainer.tools;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The fixture's model with a tokenizer that knows the words `w0`, `w1` and so on; what
/// transformers makes of the prompt is in `generation/greedy.json`.
class GenerateMainTest {

    private static final String PROMPT = words(14, 60, 5, 50, 10, 28, 65, 29, 25);
    private static final int[] LIKELIEST = {
        63, 26, 3, 10, 92, 93, 3, 18, 3, 58, 39, 21, 39, 54, 12, 92, 93, 39, 12, 35
    };

    @TempDir Path folder;

    @Test
    void theContinuationGoesToStandardOutputAndItsFiguresToStandardError() throws Exception {
        model(101, "{}");
        ByteArrayOutputStream figures = new ByteArrayOutputStream();
        assertThat(run(figures, PROMPT, "--max-new-tokens", "20"))
                .isEqualTo(" " + words(LIKELIEST) + "\n");
        assertThat(figures.toString(UTF_8))
                .matches("20 tokens \\(new-tokens\\): the first after .* s, then .* tokens/s\n");

        figures.reset();
        assertThat(run(figures, PROMPT, "--max-new-tokens", "1")).isEqualTo(" w63\n");
        assertThat(figures.toString(UTF_8))
                .matches("1 token \\(new-tokens\\): the first after [0-9.]+ s\n");
    }

    @Test
    void asJsonThereIsOneObjectWithTextTokensAndFigures() throws Exception {
        model(101, "{}");
        JsonNode result = json(PROMPT, "--max-new-tokens", "3");
        assertThat(result.path("prompt").textValue()).isEqualTo(PROMPT);
        assertThat(result.path("text").textValue()).isEqualTo(" w63 w26 w3");
        assertThat(result.path("tokens")).hasToString("[63,26,3]");
        assertThat(result.path("promptTokens").intValue()).isEqualTo(9);
        assertThat(result.path("end").textValue()).isEqualTo("new-tokens");
        assertThat(result.path("secondsToFirstToken").doubleValue()).isPositive();
        assertThat(result.path("tokensPerSecond").doubleValue()).isPositive();
        assertThat(json(PROMPT, "--max-new-tokens", "1").path("tokensPerSecond").isNull()).isTrue();
    }

    @Test
    void theTextEndsBeforeAStopTextOrAnEndTokenOfTheGenerationConfiguration() throws Exception {
        model(101, "{\"eos_token_id\": [7, 92]}");
        JsonNode ended = json(PROMPT);
        assertThat(ended.path("text").textValue()).isEqualTo(" w63 w26 w3 w10");
        assertThat(ended.path("tokens")).hasToString("[63,26,3,10,92]");
        assertThat(ended.path("end").textValue()).isEqualTo("end-token");

        JsonNode stopped = json(PROMPT, "--stop", "w99", "--stop", "6 w3");
        assertThat(stopped.path("text").textValue()).isEqualTo(" w63 w2");
        assertThat(stopped.path("tokens")).hasToString("[63,26,3]");
        assertThat(stopped.path("end").textValue()).isEqualTo("stop-text");
        assertThat(run(new ByteArrayOutputStream(), PROMPT, "--stop", "6 w3"))
                .isEqualTo(" w63 w2\n");
    }

    @Test
    void withoutAGenerationConfigurationTheEndTokensAreThoseOfTheConfiguration() throws Exception {
        model(101, "{\"eos_token_id\": null}");
        Path configuration = folder.resolve("config.json");
        String text = Files.readString(configuration);
        String changed = text.replaceAll("\"eos_token_id\": [^,]*,", "\"eos_token_id\": 26,");
        assertThat(changed).contains("\"eos_token_id\": 26");
        Files.writeString(configuration, changed);
        assertThat(json(PROMPT).path("tokens")).hasToString("[63,26]");
        Files.delete(folder.resolve("generation_config.json"));
        assertThat(json(PROMPT).path("tokens")).hasToString("[63,26]");
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": 3}");
        assertThat(json(PROMPT).path("tokens")).hasToString("[63,26,3]");
        for (String broken :
                List.of("{\"eos_token_id\": \"3\"}", "{\"eos_token_id\": [-1]}", "{")) {
            Files.writeString(folder.resolve("generation_config.json"), broken);
            assertRefused(ErrorCode.MODEL_CONFIGURATION, "generation_config.json", PROMPT);
        }
    }

    @Test
    void aTemperatureDrawsBySeedAndTheTopOneIsTheLikeliest() throws Exception {
        model(101, "{}");
        List<String> drawn = new ArrayList<>();
        for (int seed = 0; seed < 4; seed++) {
            String[] options = {
                "--max-new-tokens", "6", "--temperature", "1.5", "--seed", Integer.toString(seed)
            };
            drawn.add(json("w5", options).path("text").textValue());
            assertThat(json("w5", options).path("text").textValue()).isEqualTo(drawn.getLast());
        }
        assertThat(drawn).doesNotHaveDuplicates();
        String[] top = {"--max-new-tokens", "20", "--temperature", "1.5", "--top-k", "1"};
        assertThat(json(PROMPT, top).path("text").textValue()).isEqualTo(" " + words(LIKELIEST));
        top[4] = "--top-p";
        top[5] = "0.000001";
        assertThat(json(PROMPT, top).path("text").textValue()).isEqualTo(" " + words(LIKELIEST));
    }

    @Test
    void itEndsAtTheModelsPositionsAndAPromptBeyondThemOrAnEmptyOneIsRefused() throws Exception {
        model(101, "{\"eos_token_id\": []}");
        String sixty = words(IntStream.range(0, 60).map(i -> 7).toArray());
        JsonNode result = json(sixty, "--max-new-tokens", "100");
        assertThat(result.path("tokens")).hasSize(4);
        assertThat(result.path("end").textValue()).isEqualTo("positions");
        assertRefused(ErrorCode.USAGE, "64 tokens, and the model 64", sixty + " w7 w7 w7 w7");
        assertRefused(ErrorCode.USAGE, "the prompt has no token", "");
    }

    @Test
    void aTokenizerThatIsMissingBrokenOrLargerThanTheModelIsNamed() throws Exception {
        model(120, "{}");
        assertRefused(ErrorCode.TOKENIZER_MISMATCH, "the token 110", "w110");
        Files.writeString(folder.resolve("tokenizer.json"), "{}");
        assertRefused(ErrorCode.TOKENIZER_UNREADABLE, "tokenizer.json", "w1");
        Files.delete(folder.resolve("tokenizer.json"));
        assertRefused(ErrorCode.TOKENIZER_UNREADABLE, "tokenizer.json", "w1");
        Files.delete(folder.resolve("model.safetensors"));
        assertRefused(ErrorCode.MODEL_MISSING, "model.safetensors", "w1");
    }

    @Test
    void optionsOutOfRangeAreUsageErrors() throws Exception {
        model(101, "{}");
        assertRefused(ErrorCode.USAGE, "--max-new-tokens 0", "w1", "--max-new-tokens", "0");
        assertRefused(ErrorCode.USAGE, "--temperature -1", "w1", "--temperature", "-1");
        assertRefused(ErrorCode.USAGE, "--top-k -1", "w1", "--top-k", "-1");
        assertRefused(ErrorCode.USAGE, "top p is 1.1", "w1", "--top-p", "1.1");
        assertRefused(ErrorCode.USAGE, "nothing is drawn", "w1", "--top-k", "3");
        assertRefused(ErrorCode.USAGE, "a stop text is empty", "w1", "--stop", "");
        assertRefused(ErrorCode.USAGE, "`--tokens` is no option", "w1", "--tokens", "3");
    }

    private void model(int words, String generation) throws IOException, URISyntaxException {
        Path fixture =
                Path.of(
                        Objects.requireNonNull(
                                        GenerateMainTest.class.getResource(
                                                "/parity/grouped-untied"))
                                .toURI());
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(fixture.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("generation_config.json"), generation);
        String vocabulary =
                IntStream.range(0, words)
                        .mapToObj(word -> "\"w" + word + "\": " + word)
                        .collect(joining(", "));
        Files.writeString(
                folder.resolve("tokenizer.json"),
                """
                {"version": "1.0", "added_tokens": [], "normalizer": null,
                 "pre_tokenizer": {"type": "WhitespaceSplit"}, "post_processor": null,
                 "decoder": null,
                 "model": {"type": "WordLevel", "unk_token": "w0", "vocab": {%s}}}
                """
                        .formatted(vocabulary));
    }

    private static String words(int... ids) {
        return IntStream.of(ids).mapToObj(id -> "w" + id).collect(joining(" "));
    }

    private JsonNode json(String prompt, String... options) throws JsonProcessingException {
        List<String> all = new ArrayList<>(List.of(options));
        all.add("--json");
        String printed = run(new ByteArrayOutputStream(), prompt, all.toArray(String[]::new));
        assertThat(printed.lines()).hasSize(1);
        return Json.mapper().readTree(printed);
    }

    private String run(ByteArrayOutputStream figures, String prompt, String... options) {
        List<String> all = new ArrayList<>(List.of("--model", folder.toString()));
        all.addAll(List.of("--prompt", prompt, "--threads", "2"));
        all.addAll(List.of(options));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        GenerateMain.run(
                new PrintStream(out, true, UTF_8),
                new PrintStream(figures, true, UTF_8),
                all.toArray(String[]::new));
        return out.toString(UTF_8);
    }

    private void assertRefused(ErrorCode code, String part, String prompt, String... options) {
        assertThatThrownBy(() -> run(new ByteArrayOutputStream(), prompt, options))
                .isInstanceOfSatisfying(
                        TanrenException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(part);
    }
}
