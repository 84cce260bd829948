package dev.tanren.trainer.model;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.HuggingFaceConfiguration;
import dev.tanren.plan.model.LocalModelFolder;
import dev.tanren.plan.model.ModelFiles;
import dev.tanren.plan.model.WeightFiles;
import dev.tanren.storage.weights.StoredHead;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// A model as Hugging Face lays it out in a folder: `config.json` and safetensors files.
///
/// @param weightFiles the safetensors files, each once
public record HuggingFaceDirectory(
        Path directory, HuggingFaceConfiguration configuration, List<Path> weightFiles) {

    public HuggingFaceDirectory {
        weightFiles = List.copyOf(weightFiles);
    }

    /// Reads the configuration and finds the weights; opens them only to see whether a model that
    /// its configuration ties has a head of its own, and is untied.
    ///
    /// @throws TanrenException `MODEL_MISSING` naming the file that is not there, or what
    ///     [WeightFiles#find], [HuggingFaceConfiguration#read] and [StoredHead#of] throw
    public static HuggingFaceDirectory open(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw missing(directory, "there is no folder for the model");
        }
        LocalModelFolder folder = new LocalModelFolder(directory);
        if (!folder.has(ModelFiles.CONFIGURATION)) {
            throw missing(
                    directory.resolve(ModelFiles.CONFIGURATION),
                    "the model has no `" + ModelFiles.CONFIGURATION + "`");
        }
        HuggingFaceConfiguration configuration =
                HuggingFaceConfiguration.read(
                        folder.read(ModelFiles.CONFIGURATION),
                        folder.where(ModelFiles.CONFIGURATION));
        List<Path> weights = findWeights(directory);
        return new HuggingFaceDirectory(
                directory,
                configuration.of(StoredHead.of(configuration.architecture(), weights)),
                weights);
    }

    /// The safetensors files of a folder, whether it has a configuration or not.
    static List<Path> findWeights(Path directory) {
        return WeightFiles.find(new LocalModelFolder(directory)).weights().stream()
                .map(directory::resolve)
                .toList();
    }

    private static TanrenException missing(Path where, String what) {
        return new TanrenException(
                ErrorCode.MODEL_MISSING,
                what,
                where.toString(),
                "Name a folder with `config.json` and `model.safetensors`.");
    }
}
