package dev.tanren.plan.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.text.NotUtf8Exception;
import dev.tanren.plan.text.Utf8;
import org.jspecify.annotations.Nullable;

/// A Hugging Face `config.json`, in the forms that transformers 4 and 5 write.
///
/// A model type, or a setting that changes the mathematics, which Tanren does not implement is
/// refused by name rather than ignored. Keys that only concern generation or loading are left
/// alone.
///
/// @param dtype element type of the stored weights as the file names it; `float32` when it does not
/// @param tokenIds of special tokens, as the file names them
public record HuggingFaceConfiguration(Architecture architecture, String dtype, TokenIds tokenIds) {

    /// Reads the text of a `config.json`.
    ///
    /// @param where the file's name or address, for messages
    /// @throws TanrenException `MODEL_CONFIGURATION` when the text is not such a file,
    ///     `MODEL_UNSUPPORTED` naming the key when it asks for what is not implemented
    public static HuggingFaceConfiguration read(String json, String where) {
        return new ConfigurationReader(parse(json, where), where).read();
    }

    /// Reads the bytes of a `config.json`, which must be UTF-8.
    ///
    /// @throws TanrenException as [#read(String, String)]
    public static HuggingFaceConfiguration read(byte[] json, String where) {
        try {
            return read(Utf8.document(json), where);
        } catch (NotUtf8Exception e) {
            throw new TanrenException(
                    ErrorCode.MODEL_CONFIGURATION,
                    "the config.json is no UTF-8: " + e.what(),
                    where + ":" + e.line() + ":" + e.column(),
                    e.mend(),
                    e);
        }
    }

    /// The text of a `config.json` without token ids.
    public static String write(Architecture architecture) {
        return new HuggingFaceConfiguration(architecture, "float32", TokenIds.NONE).toJson();
    }

    /// The same for another architecture.
    public HuggingFaceConfiguration of(Architecture other) {
        return new HuggingFaceConfiguration(other, dtype, tokenIds);
    }

    /// The text of a `config.json` that transformers 4 and 5 both read: rotary embeddings stand at
    /// the top level and in `rope_parameters`, the element type as `dtype` and as `torch_dtype`.
    public String toJson() {
        return new ConfigurationWriter(this).write();
    }

    private static JsonNode parse(String json, String where) {
        try {
            JsonNode root = Json.mapper().readTree(json);
            if (root.isObject()) {
                return root;
            }
        } catch (JsonProcessingException e) {
            throw notAConfiguration("it is not JSON: " + Json.problem(e), where, e);
        }
        throw notAConfiguration("it holds no JSON object", where, null);
    }

    private static TanrenException notAConfiguration(
            String what, String where, @Nullable Throwable cause) {
        return new TanrenException(
                ErrorCode.MODEL_CONFIGURATION,
                "expected a Hugging Face config.json, but " + what + ".",
                where,
                "Give the directory of a Hugging Face model.",
                cause);
    }
}
