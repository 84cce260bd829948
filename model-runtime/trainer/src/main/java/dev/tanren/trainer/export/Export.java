package dev.tanren.trainer.export;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.launch.ExportLaunch;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.model.HuggingFaceConfiguration;
import dev.tanren.spec.plan.Stage;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.safetensors.Dtype;
import dev.tanren.storage.safetensors.SafetensorsWriter;
import dev.tanren.storage.safetensors.TensorInfo;
import dev.tanren.trainer.checkpoint.StateRestorer;
import dev.tanren.trainer.checkpoint.TrainingState;
import dev.tanren.trainer.checkpoint.TrainingState.NamedTensor;
import dev.tanren.trainer.model.registry.Decoders;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Writes a checkpoint's weights in the launch's formats.
///
/// Files go out one by one; `manifest.json` beside the formats, which lists them with their hashes,
/// goes last, so a reader that finds it finds all of them. Doing it again writes the same.
final class Export {

    private static final String TOKENIZER = "tokenizer.json";

    private final ExportLaunch launch;
    private final ObjectStore store;
    private final List<ObjectStore.StoredObject> written = new ArrayList<>();

    Export(ExportLaunch launch, ObjectStore store) {
        this.launch = launch;
        this.store = store;
    }

    /// What was written of which step.
    record Exported(long step, String weightsSha256, int files) {}

    /// @throws TanrenException of the data or storage class
    Exported run() {
        try (TrainingState state = TrainingState.allocate(Decoders.layout(launch.architecture()))) {
            CheckpointManifest checkpoint =
                    new StateRestorer(store, Path.of(launch.cache()))
                            .weights(launch.manifestKey(), state);
            byte[] tokenizer =
                    launch.tokenizerKey().isEmpty()
                            ? new byte[0]
                            : store.get(launch.tokenizerKey());
            SpecialTokens special =
                    tokenizer.length == 0
                            ? SpecialTokens.none()
                            : SpecialTokens.of(tokenizer, launch.tokenizerKey());
            for (Stage.Format format : launch.formats()) {
                switch (format) {
                    case HUGGINGFACE -> huggingFace(state, checkpoint, tokenizer, special);
                    case DJL -> djl(state, tokenizer, special);
                }
            }
            store.put(launch.targetPrefix() + "manifest.json", manifest(checkpoint));
            return new Exported(checkpoint.step(), checkpoint.weightsSha256(), written.size());
        }
    }

    private void huggingFace(
            TrainingState state,
            CheckpointManifest checkpoint,
            byte[] tokenizer,
            SpecialTokens special) {
        String folder = "huggingface/";
        put(folder + "config.json", configuration(special));
        put(folder + "generation_config.json", generation(special));
        put(folder + "README.md", ModelCard.of(launch, checkpoint, state.layout().elements()));
        if (tokenizer.length > 0) {
            put(folder + TOKENIZER, tokenizer);
            put(folder + "tokenizer_config.json", tokenizerConfiguration(special));
        }
        Path file = scratch("model.safetensors");
        List<NamedTensor> tensors = state.weightTensors();
        Map<String, MemorySegment> bytes =
                tensors.stream().collect(Collectors.toMap(NamedTensor::name, NamedTensor::bytes));
        List<TensorInfo> infos =
                tensors.stream()
                        .map(tensor -> new TensorInfo(tensor.name(), Dtype.F32, tensor.shape()))
                        .toList();
        Function<String, MemorySegment> data =
                name -> java.util.Objects.requireNonNull(bytes.get(name));
        SafetensorsWriter.plan(infos, Map.of("format", "pt")).write(data, file);
        put(folder + "model.safetensors", file);
    }

    private void djl(TrainingState state, byte[] tokenizer, SpecialTokens special) {
        String folder = "djl/";
        Path file = scratch("model.pt");
        try (TorchScriptModule module =
                new TorchScriptModule(launch.architecture(), state.layout(), state.weights())) {
            module.save(file);
        }
        put(folder + "model.pt", file);
        put(folder + "config.json", configuration(special));
        put(
                folder + "serving.properties",
                """
                engine=PyTorch
                option.modelName=model
                option.mapLocation=true
                """);
        if (tokenizer.length > 0) {
            put(folder + TOKENIZER, tokenizer);
        }
    }

    private String configuration(SpecialTokens special) {
        return HuggingFaceConfiguration.write(
                launch.architecture(), special.beginningId(), special.endIds());
    }

    private static String generation(SpecialTokens special) {
        ObjectNode root = Json.mapper().createObjectNode();
        root.put("_from_model_config", true);
        if (special.beginning() != null) {
            root.put("bos_token_id", special.beginning().id());
        }
        if (special.end() != null) {
            root.put("eos_token_id", special.end().id());
            root.put("pad_token_id", special.end().id());
        }
        return root.toPrettyString() + "\n";
    }

    private String tokenizerConfiguration(SpecialTokens special) {
        ObjectNode root = Json.mapper().createObjectNode();
        root.put("tokenizer_class", "PreTrainedTokenizerFast");
        root.put("model_max_length", launch.architecture().maximumPositions());
        root.put("clean_up_tokenization_spaces", false);
        if (special.beginning() != null) {
            root.put("bos_token", special.beginning().content());
        }
        if (special.end() != null) {
            root.put("eos_token", special.end().content());
            root.put("pad_token", special.end().content());
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

    private Path scratch(String name) {
        Path folder = Path.of(launch.scratch());
        try {
            return Files.createDirectories(folder).resolve(name);
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
        put(name, text.getBytes(StandardCharsets.UTF_8));
    }

    private void put(String name, byte[] bytes) {
        written.add(store.put(launch.targetPrefix() + name, bytes));
    }

    private void put(String name, Path file) {
        written.add(store.put(launch.targetPrefix() + name, file));
    }
}
