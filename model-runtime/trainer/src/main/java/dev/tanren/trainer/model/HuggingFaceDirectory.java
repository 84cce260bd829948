package dev.tanren.trainer.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.model.HuggingFaceConfiguration;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;

/// A model as Hugging Face lays it out in a folder: `config.json` and safetensors files.
///
/// Pickled weights (`.bin`, `.pt`, `.pth`) are never read, because a pickle runs code.
///
/// @param weightFiles the safetensors files, each once
public record HuggingFaceDirectory(
        Path directory, HuggingFaceConfiguration configuration, List<Path> weightFiles) {

    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    public HuggingFaceDirectory {
        weightFiles = List.copyOf(weightFiles);
    }

    /// Reads the configuration and finds the weights; does not open them.
    ///
    /// @throws TanrenException `MODEL_MISSING` naming the file that is not there, `PICKLE_REFUSED`
    ///     where only pickled weights are, or what [HuggingFaceConfiguration#read] throws
    public static HuggingFaceDirectory open(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw missing(directory, "there is no folder for the model");
        }
        Path configuration = directory.resolve("config.json");
        return new HuggingFaceDirectory(
                directory,
                HuggingFaceConfiguration.read(text(configuration), configuration.toString()),
                findWeights(directory));
    }

    /// The safetensors files of a folder, whether it has a configuration or not.
    static List<Path> findWeights(Path directory) {
        if (Files.isRegularFile(directory.resolve(SINGLE))) {
            return List.of(directory.resolve(SINGLE));
        }
        Path index = directory.resolve(INDEX);
        if (Files.isRegularFile(index)) {
            return indexed(directory, index);
        }
        if (hasPickles(directory)) {
            throw new TanrenException(
                    ErrorCode.PICKLE_REFUSED,
                    "the model's weights are pickled, which Tanren never reads",
                    directory.toString(),
                    "Convert them to safetensors, or take a release of the model that has them.");
        }
        throw missing(directory.resolve(SINGLE), "the model has no safetensors file");
    }

    private static List<Path> indexed(Path directory, Path index) {
        JsonNode map;
        try {
            map = Json.mapper().readTree(text(index)).path("weight_map");
        } catch (JsonProcessingException e) {
            throw badIndex(index, "the index is not JSON: " + e.getOriginalMessage());
        }
        TreeSet<String> names = new TreeSet<>();
        map.forEach(file -> names.add(file.asText()));
        if (names.isEmpty()) {
            throw badIndex(index, "the index has no `weight_map`");
        }
        for (String name : names) {
            if (!name.equals(Path.of(name).getFileName().toString()) || name.equals("..")) {
                throw badIndex(index, "the index names `" + name + "` outside its folder");
            }
            if (!Files.isRegularFile(directory.resolve(name))) {
                throw missing(directory.resolve(name), "a shard that the index names is missing");
            }
        }
        return names.stream().map(directory::resolve).toList();
    }

    private static boolean hasPickles(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .anyMatch(
                            name ->
                                    name.endsWith(".bin")
                                            || name.endsWith(".pt")
                                            || name.endsWith(".pth"));
        } catch (IOException e) {
            throw unreadable(directory, e);
        }
    }

    private static String text(Path file) {
        if (!Files.isRegularFile(file)) {
            throw missing(file, "the model has no `" + file.getFileName() + "`");
        }
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static TanrenException missing(Path where, String what) {
        return new TanrenException(
                ErrorCode.MODEL_MISSING,
                what,
                where.toString(),
                "Name a folder with `config.json` and `model.safetensors`.");
    }

    private static TanrenException unreadable(Path where, IOException cause) {
        return new TanrenException(
                ErrorCode.MODEL_MISSING,
                "the model cannot be read: " + cause.getMessage(),
                where.toString(),
                "Check the permissions of the folder and its files.",
                cause);
    }

    private static TanrenException badIndex(Path index, String what) {
        return new TanrenException(
                ErrorCode.SAFETENSORS_CORRUPT,
                what,
                index.toString(),
                "Fetch the model again; the index maps each tensor to a file beside it.");
    }
}
