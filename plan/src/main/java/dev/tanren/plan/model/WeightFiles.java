package dev.tanren.plan.model;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The files that a Hugging Face model directory keeps its weights in: one safetensors file, or
/// several and an index that maps each tensor to one of them.
///
/// Pickled weights (`.bin`, `.pt`, `.pth`) are never read, because a pickle runs code.
///
/// @param index name of the index; null where there is one file alone
/// @param weights names of the safetensors files, each once and in order; all of them are there
public record WeightFiles(@Nullable String index, List<String> weights) {

    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    /// No way out of the folder, and nothing but safetensors.
    private static final Pattern SHARD = Pattern.compile("[^/\\\\]+\\.safetensors");

    private static final List<String> PICKLES = List.of(".bin", ".pt", ".pth");

    public WeightFiles {
        weights = List.copyOf(weights);
    }

    /// Finds the files and opens none but the index. A single file goes before an index, as in
    /// `transformers`.
    ///
    /// @throws TanrenException `MODEL_MISSING` naming the file that is not there, `PICKLE_REFUSED`
    ///     where there are pickled weights alone, `SAFETENSORS_CORRUPT` for an index that is
    ///     unreadable or names anything but safetensors files beside it
    public static WeightFiles find(ModelFolder folder) {
        if (folder.has(SINGLE)) {
            return new WeightFiles(null, List.of(SINGLE));
        }
        if (!folder.has(INDEX)) {
            throw none(folder);
        }
        List<String> shards = shards(folder);
        for (String shard : shards) {
            if (!folder.has(shard)) {
                throw missing(
                        folder,
                        shard,
                        "the model has no " + shard + ", which its index names",
                        "Fetch the model again, whole.");
            }
        }
        return new WeightFiles(INDEX, shards);
    }

    private static List<String> shards(ModelFolder folder) {
        JsonNode weightMap = index(folder).path("weight_map");
        List<String> shards =
                weightMap.valueStream().map(JsonNode::asText).distinct().sorted().toList();
        if (shards.isEmpty()) {
            throw badIndex(folder, "its `weight_map` names no file", null);
        }
        for (String shard : shards) {
            if (!SHARD.matcher(shard).matches()) {
                throw badIndex(
                        folder, "it names `" + shard + "`, no safetensors file beside it", null);
            }
        }
        return shards;
    }

    private static JsonNode index(ModelFolder folder) {
        try {
            return Json.mapper().readTree(folder.read(INDEX));
        } catch (JacksonException e) {
            throw badIndex(folder, "it is not JSON: " + Json.problem(e), e);
        } catch (IOException e) {
            throw badIndex(folder, "it cannot be read: " + e.getMessage(), e);
        }
    }

    private static TanrenException none(ModelFolder folder) {
        List<String> pickles = folder.names().stream().filter(WeightFiles::pickled).toList();
        if (pickles.isEmpty()) {
            return missing(
                    folder,
                    SINGLE,
                    "the model has no " + SINGLE,
                    "Name a folder with `config.json` and `" + SINGLE + "`.");
        }
        return new TanrenException(
                ErrorCode.PICKLE_REFUSED,
                "the weights are pickled, which can run code when they are read: " + pickles,
                folder.where(""),
                "Convert them where you trust them: load the model with transformers and call"
                        + " save_pretrained(folder, safe_serialization=True).");
    }

    private static boolean pickled(String name) {
        return PICKLES.stream().anyMatch(name::endsWith);
    }

    private static TanrenException missing(
            ModelFolder folder, String name, String what, String mend) {
        return new TanrenException(ErrorCode.MODEL_MISSING, what, folder.where(name), mend);
    }

    private static TanrenException badIndex(
            ModelFolder folder, String what, @Nullable Exception cause) {
        return new TanrenException(
                ErrorCode.SAFETENSORS_CORRUPT,
                "the index of the weights is unusable: " + what,
                folder.where(INDEX),
                "Fetch the model again; the index maps each tensor to a file beside it.",
                cause);
    }
}
