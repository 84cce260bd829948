package dev.tanren.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A plan whose base model lies on this machine: `plan validate`, `plan explain` and `run submit`
/// look at it alike.
class PlanBaseTest extends CommandTest {

    private static final String CONFIGURATION =
            """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 64,
             "hidden_size": 56, "num_hidden_layers": 2, "num_attention_heads": 7,
             "num_key_value_heads": 7, "intermediate_size": 32, "hidden_act": "silu", "head_dim": 16,
             "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
             "tie_word_embeddings": false}
            """;

    private Path base;
    private Path plan;

    @BeforeEach
    void aPlanWithABase() throws IOException {
        base = Files.createDirectories(folder.resolve("base"));
        plan = folder.resolve("plan.yaml");
        Files.writeString(
                plan,
                PLAN.replaceFirst(
                        "model:\\n.*\\n.*tokenizer.json\\n", "model: {base: \"file:./base\"}\n"));
        write("config.json", CONFIGURATION);
        write("model.safetensors", "never opened");
    }

    @Test
    void aSoundOneIsValid() {
        Result result = run("plan", "validate", plan.toString());

        assertThat(result.exitCode()).as(result.out()).isZero();
        assertThat(run("plan", "explain", plan.toString()).exitCode()).isZero();
        assertThat(result.err()).doesNotContain("model.base");
    }

    @ParameterizedTest
    @ValueSource(strings = {"plan validate", "plan explain", "run submit", "run submit --dry-run"})
    void aSettingThatIsNotImplementedIsRefusedByEveryCommand(String command) throws IOException {
        write(
                "config.json",
                CONFIGURATION.replace(
                        "\"rope_theta\": 10000.0",
                        "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4.0}"));

        Result result = given(command);

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out() + result.err())
                .contains("line 4", "model.base", "rope_type is \"yarn\"", "TNR-3002");
        assertThat(requests).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"plan validate", "plan explain", "run submit", "run submit --dry-run"})
    void aFolderWithoutFilesIsRefusedByEveryCommand(String command) throws IOException {
        Files.delete(base.resolve("config.json"));
        Files.delete(base.resolve("model.safetensors"));

        Result result = given(command);

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.out() + result.err()).contains("config.json", "TNR-3001");
        assertThat(requests).isEmpty();
    }

    @Test
    void weightsThatAreMissingOrPickledAreNamed() throws IOException {
        Files.delete(base.resolve("model.safetensors"));
        assertThat(given("plan validate").out()).contains("model.safetensors", "TNR-3001");
        write("pytorch_model.bin", "pickle");
        assertThat(given("plan validate").out()).contains("TNR-3005");
    }

    @Test
    void sequencesLongerThanTheModelsPositionsAreRefused() throws IOException {
        write(
                "config.json",
                CONFIGURATION.replace(
                        "\"max_position_embeddings\": 128", "\"max_position_embeddings\": 64"));

        Result result = given("plan validate --json");

        assertThat(result.exitCode()).isEqualTo(2);
        assertThat(result.tree().path("problems").get(0).path("code").asText())
                .isEqualTo("TNR-1010");
    }

    @Test
    void aLlamaThatTransformers5DoesNotLoadIsAdvisedAgainst() throws IOException {
        write("config.json", CONFIGURATION.replace("_heads\": 7", "_heads\": 6"));

        Result result = given("plan validate");

        assertThat(result.exitCode()).isZero();
        assertThat(result.err())
                .contains("a llama with a hidden size of 56 and 6 heads", "transformers 5 refuses");
        assertThat(given("plan explain").err()).contains("transformers 5 refuses");
    }

    @Test
    void aModelWithoutAnEndTokenIsAdvisedAgainst() throws IOException {
        write("tokenizer.json", "{\"model\": {\"vocab\": {\"a\": 0}}}");
        assertThat(given("plan validate").err()).contains("a model without an end token");

        write("tokenizer_config.json", "{\"eos_token\": \"a\"}");
        assertThat(given("plan validate").err()).doesNotContain("end token");
    }

    @Test
    void aTokenizerWithTwoNumberingsIsRefused() throws IOException {
        write(
                "tokenizer.json",
                "{\"model\": {\"vocab\": {\"a\": 0}}, \"added_tokens\": [{\"id\": 30, \"content\":"
                        + " \"</s>\"}]}");

        assertThat(given("plan validate").out()).contains("TNR-2004", "gives it 1");
    }

    @Test
    void aBaseThatIsNotHereIsTheWorkers() throws IOException {
        Files.writeString(
                plan, Files.readString(plan).replace("file:./base", "file:/nowhere/at/all"));

        assertThat(given("plan validate").exitCode()).isZero();
    }

    private static final Pattern WORDS = Pattern.compile(" ");

    private Result given(String command) {
        return run(
                Stream.concat(WORDS.splitAsStream(command), Stream.of(plan.toString()))
                        .toArray(String[]::new));
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(base.resolve(name), text);
    }
}
