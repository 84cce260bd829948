package dev.tanren.activities.model;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.activities.dataset.FileRoots;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    private final FileRoots roots;

    HuggingFaceFiles(FileRoots roots) {
        this.roots = roots;
    }

    /// Real paths by name.
    ///
    /// @throws TanrenException `MODEL_MISSING` naming the file; `PICKLE_REFUSED` where the weights
    ///     are pickles; `MODEL_CONFIGURATION` where the index is unreadable
    SortedMap<String, Path> find(Path folder) {
        SortedMap<String, Path> files = new TreeMap<>();
        if (!Files.exists(folder.resolve(CONFIGURATION))) {
            throw missing(folder, CONFIGURATION, "Name a Hugging Face model directory.");
        }
        add(files, folder, CONFIGURATION);
        for (String name : OPTIONAL) {
            if (Files.exists(folder.resolve(name))) {
                add(files, folder, name);
            }
        }
        if (Files.exists(folder.resolve(INDEX))) {
            add(files, folder, INDEX);
            for (String shard : shards(folder.resolve(INDEX))) {
                if (!Files.exists(folder.resolve(shard))) {
                    throw missing(
                            folder, shard, "The index names it: fetch the model again, whole.");
                }
                add(files, folder, shard);
            }
        } else if (Files.exists(folder.resolve(WEIGHTS))) {
            add(files, folder, WEIGHTS);
        } else {
            throw noWeights(folder);
        }
        return files;
    }

    private void add(SortedMap<String, Path> files, Path folder, String name) {
        Path file = folder.resolve(name);
        files.put(name, roots.permitted(file, file.toString()));
    }

    private static List<String> shards(Path index) {
        try {
            JsonNode weightMap = Json.mapper().readTree(Files.readString(index)).path("weight_map");
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
            Path index, String what, @org.jspecify.annotations.Nullable Exception cause) {
        return new TanrenException(
                ErrorCode.MODEL_CONFIGURATION,
                "the index of the weights is unusable: " + what,
                index.toString(),
                "Fetch the model again.",
                cause);
    }

    private static TanrenException noWeights(Path folder) {
        List<String> pickles;
        try (var names = Files.list(folder)) {
            pickles =
                    names.map(file -> String.valueOf(file.getFileName()))
                            .filter(
                                    name ->
                                            name.endsWith(".bin")
                                                    || name.endsWith(".pt")
                                                    || name.endsWith(".pth"))
                            .sorted()
                            .toList();
        } catch (IOException e) {
            pickles = List.of();
        }
        if (pickles.isEmpty()) {
            return missing(folder, WEIGHTS, "Name a directory that holds weights.");
        }
        return new TanrenException(
                ErrorCode.PICKLE_REFUSED,
                "the weights are pickles, which can run code when they are read: " + pickles,
                folder.toString(),
                "Convert them where you trust them: load the model with transformers and call"
                        + " save_pretrained(folder, safe_serialization=True).");
    }

    private static TanrenException missing(Path folder, String name, String mend) {
        return new TanrenException(
                ErrorCode.MODEL_MISSING,
                "the model has no " + name,
                folder.resolve(name).toString(),
                mend);
    }
}
