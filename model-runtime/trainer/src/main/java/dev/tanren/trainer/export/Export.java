package dev.tanren.trainer.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.launch.ExportLaunch;
import dev.tanren.plan.ElementType;
import dev.tanren.plan.Stage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.model.HuggingFaceConfiguration;
import dev.tanren.plan.model.ModelFiles;
import dev.tanren.plan.model.TokenIds;
import dev.tanren.plan.model.TokenizerVocabulary;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.weights.StoredModelFolder;
import dev.tanren.trainer.checkpoint.StateRestorer;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Writes a checkpoint's weights in the launch's formats.
///
/// What a base model, or the tokenizer of a fresh one, says about its tokens and about generating
/// goes out as it came in; where it has no such file, the file is made from what the others tell.
///
/// Files go out one by one; `manifest.json` beside the formats, which lists them with their hashes,
/// goes last, so a reader that finds it finds all of them. Doing it again writes the same.
final class Export {

    private final ExportLaunch launch;
    private final ObjectStore store;
    private final StoredModelFolder base;
    private final List<ObjectStore.StoredObject> written = new ArrayList<>();

    Export(ExportLaunch launch, ObjectStore store) {
        this.launch = launch;
        this.store = store;
        String imported = launch.lineage().importedPrefix();
        this.base =
                imported == null
                        ? StoredModelFolder.ofTokenizer(store, launch.tokenizerKey())
                        : new StoredModelFolder(store, imported);
    }

    /// What was written of which step.
    record Exported(long step, String weightsSha256, int files) {}

    /// @throws TanrenException of the data or storage class
    Exported run() {
        ParameterLayout layout = ParameterLayout.of(launch.architecture());
        try (FlatBuffer weights = FlatBuffer.allocate(layout)) {
            CheckpointManifest checkpoint = load(layout, weights);
            byte[] tokenizer =
                    launch.tokenizerKey().isEmpty()
                            ? new byte[0]
                            : store.get(launch.tokenizerKey());
            SpecialTokens special = specialTokens(tokenizer);
            for (Stage.Format format : launch.formats()) {
                switch (format) {
                    case HUGGINGFACE ->
                            huggingFace(layout, weights, checkpoint, tokenizer, special);
                    case DJL -> djl(layout, weights, tokenizer, special);
                }
            }
            store.put(launch.targetPrefix() + "manifest.json", manifest(checkpoint));
            return new Exported(checkpoint.step(), checkpoint.weightsSha256(), written.size());
        }
    }

    private SpecialTokens specialTokens(byte[] tokenizer) {
        return SpecialTokens.of(
                base,
                tokenizer.length == 0
                        ? null
                        : TokenizerVocabulary.read(tokenizer, launch.tokenizerKey()),
                launch.architecture().vocabSize());
    }

    private CheckpointManifest load(ParameterLayout layout, FlatBuffer weights) {
        StateRestorer restorer = new StateRestorer(store, Path.of(launch.cache()));
        TrainedOn trainedOn = launch.lineage().trainedOn();
        Stage.ExportedWeights wanted =
                stage().map(Stage.Export::weights).orElse(Stage.ExportedWeights.TRAINED);
        return switch (wanted) {
            case TRAINED -> restorer.weights(launch.manifestKey(), trainedOn, layout, weights);
            case AVERAGED -> restorer.average(launch.manifestKey(), trainedOn, layout, weights);
        };
    }

    private void huggingFace(
            ParameterLayout layout,
            FlatBuffer weights,
            CheckpointManifest checkpoint,
            byte[] tokenizer,
            SpecialTokens special) {
        String folder = "huggingface/";
        put(folder + ModelFiles.CONFIGURATION, configuration(special, dtype()));
        put(folder + "README.md", ModelCard.of(launch, checkpoint, layout.elements()));
        if (tokenizer.length > 0) {
            put(folder + ModelFiles.TOKENIZER, tokenizer);
        }
        carried(special, tokenizer.length > 0).forEach((name, bytes) -> put(folder + name, bytes));
        Path scratch = scratch();
        WeightsWriter writer = new WeightsWriter(dtype(), WeightsWriter.LARGEST_FILE);
        for (Path file : writer.write(layout, weights, scratch)) {
            put(folder + file.getFileName(), file);
        }
    }

    /// The base model's own files, and what is made in place of those that it does not have.
    private Map<String, byte[]> carried(SpecialTokens special, boolean tokenizer) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : ModelFiles.CARRIED) {
            base.find(name).ifPresent(bytes -> files.put(name, bytes));
        }
        files.computeIfAbsent(ModelFiles.GENERATION, name -> bytes(generation(special)));
        if (tokenizer) {
            files.computeIfAbsent(
                    ModelFiles.TOKENIZER_CONFIGURATION,
                    name -> bytes(tokenizerConfiguration(special)));
        }
        return files;
    }

    private ElementType dtype() {
        return stage().map(Stage.Export::dtype).orElse(ElementType.FLOAT32);
    }

    private Optional<Stage.Export> stage() {
        return launch.plan()
                .stage(launch.stageId())
                .filter(Stage.Export.class::isInstance)
                .map(Stage.Export.class::cast);
    }

    private void djl(
            ParameterLayout layout, FlatBuffer weights, byte[] tokenizer, SpecialTokens special) {
        String folder = "djl/";
        Path file = scratch().resolve("model.pt");
        try (TorchScriptModule module =
                new TorchScriptModule(launch.architecture(), layout, weights)) {
            module.save(file);
        }
        put(folder + "model.pt", file);
        put(folder + ModelFiles.CONFIGURATION, configuration(special, ElementType.FLOAT32));
        put(
                folder + "serving.properties",
                """
                engine=PyTorch
                option.modelName=model
                option.mapLocation=true
                """);
        put(folder + ModelFiles.GENERATION, ends(special));
        if (tokenizer.length > 0) {
            put(folder + ModelFiles.TOKENIZER, tokenizer);
        }
    }

    /// What ends a text, for who generates with the bundle.
    private static String ends(SpecialTokens special) {
        ObjectNode root = Json.mapper().createObjectNode();
        TokenIds.of(null, special.generatedEnds()).writeTo(root);
        return root.toPrettyString() + "\n";
    }

    private String configuration(SpecialTokens special, ElementType dtype) {
        return new HuggingFaceConfiguration(launch.architecture(), dtype.word(), special.ids())
                .toJson();
    }

    private static String generation(SpecialTokens special) {
        ObjectNode root = Json.mapper().createObjectNode();
        root.put("_from_model_config", true);
        special.ids().writeTo(root);
        if (special.ids().one(TokenIds.PAD) == null && special.end() != null) {
            root.put(TokenIds.PAD, special.end().id());
        }
        return root.toPrettyString() + "\n";
    }

    private String tokenizerConfiguration(SpecialTokens special) {
        ObjectNode root = Json.mapper().createObjectNode();
        root.put("tokenizer_class", "PreTrainedTokenizerFast");
        root.put("model_max_length", launch.architecture().maximumPositions());
        root.put("clean_up_tokenization_spaces", false);
        if (special.beginning() != null) {
            root.put("bos_token", special.beginning());
        }
        if (special.endSpelling() != null) {
            root.put("eos_token", special.endSpelling());
        }
        if (special.paddingOrEnd() != null) {
            root.put("pad_token", special.paddingOrEnd());
        }
        return root.toPrettyString() + "\n";
    }

    private byte[] manifest(CheckpointManifest checkpoint) {
        Map<String, Object> manifest = new LinkedHashMap<>();
        manifest.put("version", 1);
        manifest.put("runId", launch.runId());
        manifest.put("stageId", launch.stageId());
        manifest.put("checkpoint", launch.manifestKey());
        manifest.put("step", checkpoint.step());
        manifest.put("weightsSha256", checkpoint.weightsSha256());
        manifest.put("trainedOn", checkpoint.trainedOn());
        manifest.put(
                "files",
                written.stream()
                        .map(
                                object ->
                                        Map.of(
                                                "path",
                                                object.key()
                                                        .substring(launch.targetPrefix().length()),
                                                "bytes",
                                                object.bytes(),
                                                "sha256",
                                                object.sha256()))
                        .toList());
        return Json.write(manifest).getBytes(StandardCharsets.UTF_8);
    }

    private Path scratch() {
        Path folder = Path.of(launch.scratch());
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "the scratch folder cannot be written: " + e.getMessage(),
                    folder.toString(),
                    "Free space on its disk or choose another folder.",
                    e);
        }
    }

    private void put(String name, String text) {
        put(name, bytes(text));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void put(String name, byte[] bytes) {
        written.add(store.put(launch.targetPrefix() + name, bytes));
    }

    private void put(String name, Path file) {
        written.add(store.put(launch.targetPrefix() + name, file));
    }
}
