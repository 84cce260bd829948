package dev.tanren.plan.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HuggingFaceConfigurationTest {

    private static final String SHAPE =
            """
            "model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536,
            "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
            "max_position_embeddings": 8192, "rms_norm_eps": 1e-05
            """;

    @Test
    void readsTheFormOfTransformers4() {
        var configuration =
                read(
                        """
                        {"architectures": ["LlamaForCausalLM"], "rope_theta": 100000, "rope_scaling": null,
                         "torch_dtype": "bfloat16", "tie_word_embeddings": true, "bos_token_id": 1,
                         "eos_token_id": 2, "hidden_act": "silu", "pretraining_tp": 1, %s}
                        """);
        assertThat(configuration)
                .isEqualTo(
                        new HuggingFaceConfiguration(
                                smol(null, true, 100_000), "bfloat16", TokenIds.of(1, List.of(2))));
    }

    @Test
    void readsTheFormOfTransformers5() {
        var configuration =
                read(
                        """
                        {"rope_parameters": {"rope_theta": 100000.0, "rope_type": "default"}, "dtype": "float32",
                         "head_dim": 48, "eos_token_id": [2, 7], %s}
                        """);
        assertThat(configuration.architecture()).isEqualTo(smol(48, false, 100_000));
        assertThat(configuration.dtype()).isEqualTo("float32");
        assertThat(configuration.tokenIds().byKey().toString()).isEqualTo("{eos_token_id=[2,7]}");
    }

    @Test
    void aNullHeadSizeMeansHiddenSizeOverHeads() {
        Architecture architecture = read("{\"head_dim\": null, %s}").architecture();
        assertThat(architecture.headSize()).isNull();
        assertThat(architecture.effectiveHeadSize()).isEqualTo(64);
        assertThat(architecture.ropeTheta()).isEqualTo(10_000);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'rope_scaling': {'type': 'dynamic', 'factor': 2} | rope_scaling.rope_type",
                "'rope_parameters': {'rope_type': 'yarn', 'rope_theta': 1} | rope_parameters.rope_type",
                "'rope_parameters': {'partial_rotary_factor': 0.5} | partial_rotary_factor",
                "'attention_bias': true | attention_bias",
                "'mlp_bias': true | mlp_bias",
                "'hidden_act': 'gelu' | hidden_act",
                "'sliding_window': 4096 | sliding_window",
                "'pretraining_tp': 2 | pretraining_tp",
                "'attention_dropout': 0.1 | attention_dropout",
                "'quantization_config': {'bits': 4} | quantization_config",
                "'model_type': 'gemma3_text' | model_type",
                "'architectures': ['LlamaForSequenceClassification'] | architectures",
                "'dtype': 'int8' | dtype"
            })
    void refusesByNameWhatIsNotImplemented(String entry, String key) {
        String json = "{" + SHAPE + "," + entry.replace('\'', '"') + "}";
        TanrenException error = failure(json);
        assertThat(error.code()).isEqualTo(ErrorCode.MODEL_UNSUPPORTED);
        assertThat(error.what()).contains(key);
        assertThat(error.where()).isEqualTo("model/config.json");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "not json | not JSON",
                "[] | no JSON object",
                "{'model_type': 'llama'} | num_attention_heads is nothing"
            })
    void saysWhatIsWrongWithAFileThatIsNoConfiguration(String text, String expected) {
        TanrenException error = failure(text.replace('\'', '"'));
        assertThat(error.code()).isEqualTo(ErrorCode.MODEL_CONFIGURATION);
        assertThat(error.what()).contains(expected);
    }

    @Test
    void readsBackWhatItWrites() throws Exception {
        var written =
                new HuggingFaceConfiguration(
                        smol(48, true, 5e5), "float32", TokenIds.of(3, List.of(4, 5)));
        assertThat(HuggingFaceConfiguration.read(written.toJson(), "config.json"))
                .isEqualTo(written);

        var tree = Json.mapper().readTree(HuggingFaceConfiguration.write(smol(null, false, 1e4)));
        assertThat(tree.path("rope_parameters").path("rope_theta").doubleValue()).isEqualTo(1e4);
        assertThat(tree.path("rope_theta").doubleValue()).isEqualTo(1e4);
        assertThat(tree.path("head_dim").intValue()).isEqualTo(64);
        assertThat(tree.path("architectures").path(0).asText()).isEqualTo("LlamaForCausalLM");
        assertThat(tree.path("eos_token_id").isNull()).isTrue();
    }

    @Test
    void theIdsOfSpecialTokensAreKeptAsTheFileHasThem() throws Exception {
        var read =
                read(
                        """
                        {"bos_token_id": 256, "eos_token_id": [257, 258], "pad_token_id": -1,
                         "decoder_start_token_id": null, %s}
                        """);

        var tree = Json.mapper().readTree(read.toJson());

        assertThat(tree.path("bos_token_id").intValue()).isEqualTo(256);
        assertThat(tree.path("eos_token_id").toString()).isEqualTo("[257,258]");
        assertThat(tree.path("pad_token_id").intValue()).isEqualTo(-1);
        assertThat(tree.path("decoder_start_token_id").isNull()).isTrue();
        assertThat(tree.has("sep_token_id")).isFalse();
        assertThat(failure("{\"pad_token_id\": \"x\", " + SHAPE + "}").what())
                .contains("pad_token_id");
    }

    private static Architecture smol(@Nullable Integer headSize, boolean tied, double theta) {
        return new Architecture(
                Architecture.Family.LLAMA,
                49152,
                576,
                30,
                9,
                3,
                1536,
                headSize,
                tied,
                theta,
                1e-5,
                8192);
    }

    private static HuggingFaceConfiguration read(String json) {
        return HuggingFaceConfiguration.read(json.formatted(SHAPE), "model/config.json");
    }

    private static TanrenException failure(String json) {
        return catchThrowableOfType(
                TanrenException.class,
                () -> HuggingFaceConfiguration.read(json, "model/config.json"));
    }
}
