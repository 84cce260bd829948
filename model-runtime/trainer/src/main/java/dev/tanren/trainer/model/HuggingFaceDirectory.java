package dev.tanren.trainer.model;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.model.HuggingFaceConfiguration;
import dev.tanren.spec.model.ModelFolder;
import dev.tanren.spec.model.WeightFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// A model as Hugging Face lays it out in a folder: `config.json` and safetensors files.
///
/// @param weightFiles the safetensors files, each once
public record HuggingFaceDirectory(
        Path directory, HuggingFaceConfiguration configuration, List<Path> weightFiles) {

    public HuggingFaceDirectory {
        weightFiles = List.copyOf(weightFiles);
    }

    /// Reads the configuration and finds the weights; does not open them.
    ///
    /// @throws TanrenException `MODEL_MISSING` naming the file that is not there, or what
    ///     [WeightFiles#find] and [HuggingFaceConfiguration#read] throw
    public static HuggingFaceDirectory open(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw missing(directory, "there is no folder for the model");
        }
        Path configuration = directory.resolve("config.json");
        return new HuggingFaceDirectory(
                directory,
                HuggingFaceConfiguration.read(bytes(configuration), configuration.toString()),
                findWeights(directory));
    }

    /// The safetensors files of a folder, whether it has a configuration or not.
    static List<Path> findWeights(Path directory) {
        return WeightFiles.find(new LocalFolder(directory)).weights().stream()
                .map(directory::resolve)
                .toList();
    }

    private record LocalFolder(Path path) implements ModelFolder {

        @Override
        public boolean has(String name) {
            return Files.isRegularFile(path.resolve(name));
        }

        @Override
        public byte[] read(String name) {
            try {
                return Files.readAllBytes(path.resolve(name));
            } catch (IOException e) {
                throw unreadable(path.resolve(name), e);
            }
        }

        @Override
        public List<String> names() {
            try (Stream<Path> files = Files.list(path)) {
                return files.map(file -> file.getFileName().toString()).sorted().toList();
            } catch (IOException e) {
                throw unreadable(path, e);
            }
        }

        @Override
        public String where(String name) {
            return path.resolve(name).toString();
        }
    }

    private static byte[] bytes(Path file) {
        if (!Files.isRegularFile(file)) {
            throw missing(file, "the model has no `" + file.getFileName() + "`");
        }
        try {
            return Files.readAllBytes(file);
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
}
