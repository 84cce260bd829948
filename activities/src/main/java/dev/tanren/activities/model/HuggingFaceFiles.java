package dev.tanren.activities.model;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.activities.source.SourceContent;
import dev.tanren.activities.source.SourceFolder;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// The files of a Hugging Face model directory that a model is made of. Weights are safetensors; a
/// pickle is never read.
final class HuggingFaceFiles {

    static final String CONFIGURATION = "config.json";
    static final String TOKENIZER = "tokenizer.json";

    private static final String WEIGHTS = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final List<String> OPTIONAL =
            List.of(
                    TOKENIZER,
                    "tokenizer_config.json",
                    "special_tokens_map.json",
                    "generation_config.json");

    /// Indexes of the largest models have a few hundred KiB.
    private static final int MOST_INDEX_BYTES = 64 << 20;

    private HuggingFaceFiles() {}

    /// Files by name.
    ///
    /// @throws TanrenException `MODEL_MISSING` naming the file; `PICKLE_REFUSED` where the weights
    ///     are pickles; `MODEL_CONFIGURATION` where the index is unreadable
    static SortedMap<String, SourceContent> find(SourceFolder folder) {
        SortedMap<String, SourceContent> files = new TreeMap<>();
        files.put(
                CONFIGURATION,
                require(folder, CONFIGURATION, "Name a Hugging Face model directory."));
        for (String name : OPTIONAL) {
            folder.file(name).ifPresent(file -> files.put(name, file));
        }
        Optional<SourceContent> index = folder.file(INDEX);
        if (index.isPresent()) {
            files.put(INDEX, index.get());
            for (String shard : shards(index.get())) {
                files.put(
                        shard,
                        require(
                                folder,
                                shard,
                                "The index names it: fetch the model again, whole."));
            }
        } else {
            files.put(WEIGHTS, folder.file(WEIGHTS).orElseThrow(() -> noWeights(folder)));
        }
        return files;
    }

    private static SourceContent require(SourceFolder folder, String name, String mend) {
        return folder.file(name).orElseThrow(() -> missing(folder, name, mend));
    }

    private static List<String> shards(SourceContent index) {
        try {
            JsonNode weightMap =
                    Json.mapper().readTree(index.read(MOST_INDEX_BYTES)).path("weight_map");
            List<String> shards =
                    weightMap.valueStream().map(JsonNode::asText).distinct().sorted().toList();
            for (String shard : shards) {
                if (!shard.endsWith(".safetensors") || shard.contains("/")) {
                    throw unusable(index, "it names the file '" + shard + "'", null);
                }
            }
            if (shards.isEmpty()) {
                throw unusable(index, "its weight_map names no file", null);
            }
            return shards;
        } catch (JacksonException e) {
            throw unusable(index, "it is no JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw unusable(index, "it cannot be read: " + e, e);
        }
    }

    private static TanrenException unusable(
            SourceContent index, String what, @org.jspecify.annotations.Nullable Exception cause) {
        return new TanrenException(
                ErrorCode.MODEL_CONFIGURATION,
                "the index of the weights is unusable: " + what,
                index.where(),
                "Fetch the model again.",
                cause);
    }

    private static TanrenException noWeights(SourceFolder folder) {
        List<String> pickles =
                folder.names().stream()
                        .filter(
                                name ->
                                        name.endsWith(".bin")
                                                || name.endsWith(".pt")
                                                || name.endsWith(".pth"))
                        .toList();
        if (pickles.isEmpty()) {
            return missing(folder, WEIGHTS, "Name a directory that holds weights.");
        }
        return new TanrenException(
                ErrorCode.PICKLE_REFUSED,
                "the weights are pickles, which can run code when they are read: " + pickles,
                folder.where(),
                "Convert them where you trust them: load the model with transformers and call"
                        + " save_pretrained(folder, safe_serialization=True).");
    }

    private static TanrenException missing(SourceFolder folder, String name, String mend) {
        return new TanrenException(
                ErrorCode.MODEL_MISSING, "the model has no " + name, folder.where(name), mend);
    }
}
