package dev.tanren.plan.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Architecture.Family;
import dev.tanren.plan.RopeScaling;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// The configurations of published models, shortened to what is read, and what differs in them.
class FamilyConfigurationTest {

    private static final String LLAMA_3_2_1B =
            """
            {"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
             "bos_token_id": 128000, "eos_token_id": 128001, "head_dim": 64, "hidden_act": "silu",
             "hidden_size": 2048, "intermediate_size": 8192, "max_position_embeddings": 131072,
             "mlp_bias": false, "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 16,
             "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
             "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
               "original_max_position_embeddings": 8192, "rope_type": "llama3"},
             "rope_theta": 500000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16", "vocab_size": 128256}
            """;
    private static final String MISTRAL_7B =
            """
            {"architectures": ["MistralForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
             "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 32768,
             "model_type": "mistral", "num_attention_heads": 32, "num_hidden_layers": 32,
             "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "sliding_window": 4096,
             "tie_word_embeddings": false, "torch_dtype": "bfloat16", "vocab_size": 32000}
            """;
    private static final String QWEN2_5_1_5B =
            """
            {"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643,
             "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 1536, "intermediate_size": 8960,
             "max_position_embeddings": 131072, "max_window_layers": 28, "model_type": "qwen2",
             "num_attention_heads": 12, "num_hidden_layers": 28, "num_key_value_heads": 2, "rms_norm_eps": 1e-06,
             "rope_theta": 1000000.0, "sliding_window": 131072, "tie_word_embeddings": true,
             "torch_dtype": "bfloat16", "use_mrope": false, "use_sliding_window": false, "vocab_size": 151936}
            """;
    private static final String PHI_3_MINI_4K =
            """
            {"architectures": ["Phi3ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 1, "embd_pdrop": 0.0,
             "eos_token_id": 32000, "hidden_act": "silu", "hidden_size": 3072, "intermediate_size": 8192,
             "max_position_embeddings": 4096, "model_type": "phi3", "num_attention_heads": 32,
             "num_hidden_layers": 32, "num_key_value_heads": 32, "original_max_position_embeddings": 4096,
             "pad_token_id": 32000, "resid_pdrop": 0.0, "rms_norm_eps": 1e-05, "rope_scaling": null,
             "rope_theta": 10000.0, "sliding_window": 2047, "tie_word_embeddings": false,
             "torch_dtype": "bfloat16", "vocab_size": 32064}
            """;
    private static final String QWEN3_0_6B =
            """
            {"architectures": ["Qwen3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
             "bos_token_id": 151643, "eos_token_id": 151645, "head_dim": 128, "hidden_act": "silu",
             "hidden_size": 1024, "intermediate_size": 3072, "max_position_embeddings": 40960,
             "max_window_layers": 28, "model_type": "qwen3", "num_attention_heads": 16, "num_hidden_layers": 28,
             "num_key_value_heads": 8, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000,
             "sliding_window": null, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
             "use_sliding_window": false, "vocab_size": 151936}
            """;
    private static final String GPT2 =
            """
            {"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1,
             "bos_token_id": 50256, "embd_pdrop": 0.1, "eos_token_id": 50256, "layer_norm_epsilon": 1e-05,
             "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 12,
             "n_positions": 1024, "resid_pdrop": 0.1, "summary_type": "cls_index", "vocab_size": 50257}
            """;

    private static final RopeScaling LLAMA3 = new RopeScaling.Llama3(32, 1, 4, 8192);

    static Stream<Arguments> published() {
        return Stream.of(
                arguments(
                        LLAMA_3_2_1B,
                        new Architecture(
                                Family.LLAMA,
                                128256,
                                2048,
                                16,
                                32,
                                8,
                                8192,
                                64,
                                true,
                                5e5,
                                1e-5,
                                131072,
                                LLAMA3,
                                null)),
                arguments(
                        MISTRAL_7B,
                        new Architecture(
                                Family.MISTRAL,
                                32000,
                                4096,
                                32,
                                32,
                                8,
                                14336,
                                null,
                                false,
                                1e4,
                                1e-5,
                                32768,
                                null,
                                4096)),
                arguments(
                        QWEN2_5_1_5B,
                        new Architecture(
                                Family.QWEN2,
                                151936,
                                1536,
                                28,
                                12,
                                2,
                                8960,
                                null,
                                true,
                                1e6,
                                1e-6,
                                131072)),
                arguments(
                        QWEN3_0_6B,
                        new Architecture(
                                Family.QWEN3,
                                151936,
                                1024,
                                28,
                                16,
                                8,
                                3072,
                                128,
                                true,
                                1e6,
                                1e-6,
                                40960)),
                arguments(
                        PHI_3_MINI_4K,
                        new Architecture(
                                Family.PHI3,
                                32064,
                                3072,
                                32,
                                32,
                                32,
                                8192,
                                null,
                                false,
                                1e4,
                                1e-5,
                                4096,
                                null,
                                2047)),
                arguments(
                        GPT2,
                        new Architecture(
                                Family.GPT2,
                                50257,
                                768,
                                12,
                                12,
                                12,
                                3072,
                                null,
                                true,
                                1e4,
                                1e-5,
                                1024)));
    }

    private static Arguments arguments(Object... values) {
        return Arguments.of(values);
    }

    @ParameterizedTest
    @MethodSource("published")
    void publishedConfigurationsAreRead(String json, Architecture expected) {
        assertThat(read(json)).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("published")
    void whatIsWrittenIsReadBack(String json, Architecture expected) {
        HuggingFaceConfiguration first = HuggingFaceConfiguration.read(json, "config.json");
        HuggingFaceConfiguration second =
                HuggingFaceConfiguration.read(first.toJson(), "config.json");
        assertThat(second.architecture())
                .usingRecursiveComparison()
                .ignoringFields("headSize")
                .isEqualTo(expected);
        assertThat(second.architecture().effectiveHeadSize())
                .isEqualTo(expected.effectiveHeadSize());
        assertThat(second.dtype()).isEqualTo(first.dtype());
        assertThat(second.tokenIds()).isEqualTo(first.tokenIds());
    }

    @ParameterizedTest
    @MethodSource("published")
    void anArchitectureTravelsAsJson(String json, Architecture expected) {
        assertThat(Json.read(Json.write(expected), Architecture.class)).isEqualTo(expected);
    }

    @Test
    void anArchitectureFromBeforeThereWereOtherNormsIsRead() {
        Architecture shape = read(QWEN2_5_1_5B);
        String old = Json.write(shape).replace("normEpsilon", "rmsNormEpsilon");
        assertThat(
                        Json.read(
                                old.replaceAll(",\"(ropeScaling|slidingWindow)\":null", ""),
                                Architecture.class))
                .isEqualTo(shape);
    }

    @Test
    void ropeScalingIsReadInEveryForm() {
        String plain = LLAMA_3_2_1B.replaceFirst("\"rope_scaling\": \\{[^}]*}", "%s");
        assertThat(read(plain, "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}"))
                .isEqualTo(new RopeScaling.Linear(2));
        assertThat(
                        read(
                                plain,
                                "\"rope_parameters\": {\"rope_type\": \"linear\", \"factor\": 4, \"rope_theta\": 7}"))
                .isEqualTo(new RopeScaling.Linear(4));
        assertThat(
                        read(
                                plain,
                                "\"rope_parameters\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1,"
                                        + " \"high_freq_factor\": 4}"))
                .isEqualTo(new RopeScaling.Llama3(8, 1, 4, 131072));
        assertThat(read(plain, "\"rope_scaling\": null, \"rope_parameters\": null")).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`\"sliding_window\": 4096` | `\"sliding_window\": null` | `` ",
                "`\"sliding_window\": 4096` | `\"sliding_window\": 7` | 7",
                "`, \"sliding_window\": 4096` | `` | 4096"
            })
    void mistralsWindowMayBeANumberNullOrLeftOut(String old, String now, String window) {
        assertThat(read(MISTRAL_7B.replace(old, now)).slidingWindow())
                .isEqualTo(window.isEmpty() ? null : Integer.valueOf(window));
    }

    @Test
    void qwen3HasHeadsOf128WhereTheFileSaysNothing() {
        assertThat(read(QWEN3_0_6B.replace("\"head_dim\": 128,", "")).headSize()).isEqualTo(128);
        assertThat(read(QWEN3_0_6B.replace("\"head_dim\": 128,", "\"head_dim\": null,")).headSize())
                .isNull();
    }

    /// transformers pads an embedding with the 32,000th token of the family where nothing is said,
    /// and refuses to make one that has not so many.
    @Test
    void aPhi3OfASmallVocabularySaysThatNothingPads() throws Exception {
        Architecture small =
                read(
                        PHI_3_MINI_4K
                                .replace("\"vocab_size\": 32064", "\"vocab_size\": 64")
                                .replace("\"pad_token_id\": 32000, ", ""));
        JsonNode written = Json.mapper().readTree(HuggingFaceConfiguration.write(small));

        assertThat(written.has("pad_token_id")).isTrue();
        assertThat(written.path("pad_token_id").isNull()).isTrue();
        assertThat(read(written.toString()).vocabSize()).isEqualTo(64);
    }

    @Test
    void phi3AddsAHundredThousandthUnderTheRootWhereTheFileSaysNothing() {
        assertThat(read(PHI_3_MINI_4K.replace("\"rms_norm_eps\": 1e-05, ", "")).normEpsilon())
                .isEqualTo(1e-5);
    }

    @Test
    void layersThatAllAttendToEverythingAreNoWindow() {
        String typed =
                "\"use_sliding_window\": true, \"layer_types\": [\"full_attention\", \"full_attention\"]";
        assertThat(read(QWEN3_0_6B.replace("\"use_sliding_window\": false", typed)).slidingWindow())
                .isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"max_window_layers\": 0, \"sliding_window\": 7 | 7",
                "\"max_window_layers\": 0 | 131072",
                "\"max_window_layers\": 0, \"sliding_window\": null | ``",
                "\"max_window_layers\": 28, \"sliding_window\": 7 | ``",
                "\"layer_types\": [\"sliding_attention\", \"sliding_attention\"], \"sliding_window\": 7 | 7"
            })
    void qwensWindowIsReadWhereEveryLayerHasIt(String keys, String window) {
        String json =
                QWEN2_5_1_5B
                        .replaceFirst("\"max_window_layers\": \\d+,", "")
                        .replace(
                                "\"use_sliding_window\": false",
                                "\"use_sliding_window\": true, " + keys);
        if (keys.contains("\"sliding_window\"")) {
            json = json.replaceFirst("\"sliding_window\": 131072,", "");
        }
        HuggingFaceConfiguration read = HuggingFaceConfiguration.read(json, "config.json");
        assertThat(read.architecture().slidingWindow())
                .isEqualTo(window.isEmpty() ? null : Integer.valueOf(window));
        assertThat(
                        HuggingFaceConfiguration.read(read.toJson(), "config.json")
                                .architecture()
                                .slidingWindow())
                .isEqualTo(read.architecture().slidingWindow());
    }

    @Test
    void numbersThatMayBeZeroAreTaken() {
        assertThat(
                        read(LLAMA_3_2_1B.replaceFirst(
                                        "\"rms_norm_eps\": [0-9e-]+", "\"rms_norm_eps\": 0.0"))
                                .normEpsilon())
                .isZero();
        assertThat(
                        read(QWEN3_0_6B.replace(
                                        "\"use_sliding_window\": false",
                                        "\"use_sliding_window\": false, \"max_window_layers\": 0, \"num_experts\": 0"))
                                .slidingWindow())
                .isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "GPT2 | `\"n_ctx\": 1024` | `\"scale_attn_weights\": false` | scale_attn_weights",
                "GPT2 | `\"n_ctx\": 1024` | `\"scale_attn_by_inverse_layer_idx\": true` | scale_attn_by_inverse_layer_idx",
                "GPT2 | `\"gelu_new\"` | `\"relu\"` | activation_function",
                "GPT2 | `\"n_ctx\": 1024` | `\"add_cross_attention\": true` | add_cross_attention",
                "GPT2 | GPT2LMHeadModel | GPT2ForSequenceClassification | architectures",
                "QWEN2 | `\"use_sliding_window\": false` | `\"use_sliding_window\": true, \"max_window_layers\": 21` | use_sliding_window",
                "QWEN2 | `\"use_mrope\": false` | `\"layer_types\": [\"full_attention\", \"sliding_attention\"]` | layer_types",
                "QWEN2 | `\"use_mrope\": false` | `\"use_mrope\": true` | use_mrope",
                "QWEN2 | `\"use_mrope\": false` | `\"dual_chunk_attention_config\": {\"chunk_size\": 262144}` | dual_chunk_attention_config",
                "QWEN3 | `\"attention_bias\": false` | `\"attention_bias\": true` | attention_bias",
                "QWEN3 | `\"rope_scaling\": null` | `\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4.0}` | rope_scaling.rope_type",
                "MISTRAL | `\"rope_theta\"` | `\"layer_types\": [\"sliding_attention\", \"full_attention\"], \"rope_theta\"` | layer_types",
                "PHI3 | `\"rope_scaling\": null` | `\"rope_scaling\": {\"type\": \"longrope\", \"short_factor\": [1.0]}` | rope_scaling.rope_type",
                "PHI3 | `\"rope_scaling\": null` | `\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}` | rope_type is scaled in phi3",
                "PHI3 | `\"rope_scaling\": null` | `\"partial_rotary_factor\": 0.75` | partial_rotary_factor",
                "LLAMA | `\"mlp_bias\": false` | `\"mlp_bias\": true` | mlp_bias",
                "LLAMA | llama3 | longrope | rope_scaling.rope_type"
            })
    void whatChangesTheMathematicsIsRefusedByName(
            Family model, String old, String now, String key) {
        String json = json(model);
        assertThat(json).contains(old);
        TanrenException error = failure(json.replace(old, now));
        assertThat(error.code()).isEqualTo(ErrorCode.MODEL_UNSUPPORTED);
        assertThat(error.what()).contains(key);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "GPT2 | `\"n_head\": 12` | `\"n_head\": 7` | n_head is 7, expected a divisor of n_embd",
                "GPT2 | `\"n_embd\": 768,` | `` | n_embd is nothing",
                "QWEN2 | `\"num_key_value_heads\": 2,` | `` | num_key_value_heads is nothing",
                "LLAMA | `\"factor\": 32.0, ` | `` | rope_scaling.factor is nothing",
                "LLAMA | `\"rope_scaling\": {` | `\"rope_parameters\": {\"rope_type\": \"default\"}, \"rope_scaling\": {` | rope_parameters says",
                "LLAMA | `\"high_freq_factor\": 4.0` | `\"high_freq_factor\": 1.0` | above low_freq_factor"
            })
    void whatIsMissingOrContradictsItselfIsNamed(
            Family model, String old, String now, String expected) {
        assertThat(json(model)).contains(old);
        TanrenException error = failure(json(model).replace(old, now));
        assertThat(error.code()).isEqualTo(ErrorCode.MODEL_CONFIGURATION);
        assertThat(error.what()).contains(expected);
    }

    private static String json(Family family) {
        return switch (family) {
            case LLAMA -> LLAMA_3_2_1B;
            case MISTRAL -> MISTRAL_7B;
            case QWEN2 -> QWEN2_5_1_5B;
            case QWEN3 -> QWEN3_0_6B;
            case PHI3 -> PHI_3_MINI_4K;
            case GPT2 -> GPT2;
        };
    }

    private static Architecture read(String json) {
        return HuggingFaceConfiguration.read(json, "config.json").architecture();
    }

    private static @Nullable RopeScaling read(String json, String entry) {
        return read(json.formatted(entry)).ropeScaling();
    }

    private static TanrenException failure(String json) {
        return catchThrowableOfType(
                TanrenException.class, () -> HuggingFaceConfiguration.read(json, "config.json"));
    }
}
