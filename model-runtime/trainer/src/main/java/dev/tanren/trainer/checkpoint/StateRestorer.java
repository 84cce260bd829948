package dev.tanren.trainer.checkpoint;

import dev.tanren.launch.InitialState;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.storage.cache.CacheUse;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.CheckpointReader;
import dev.tanren.storage.checkpoint.CheckpointReader.Target;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Sha256;
import dev.tanren.trainer.checkpoint.TrainingState.NamedTensor;
import dev.tanren.trainer.model.HuggingFaceWeights;
import dev.tanren.trainer.model.Initialisation;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Brings a stage's state to where it starts from or goes on from. Any number of ranks loads what
/// any other number saved.
public final class StateRestorer {

    private final ObjectStore store;
    private final Path cache;
    private final Runnable sign;

    /// @param cache folder shared by all processes of the node
    public StateRestorer(ObjectStore store, Path cache) {
        this(store, cache, () -> {});
    }

    /// @param sign called, by any thread, whenever a part of a state or a file is there
    public StateRestorer(ObjectStore store, Path cache, Runnable sign) {
        this.store = store;
        this.cache = cache;
        this.sign = sign;
    }

    /// Fills `state`, whose optimizer state is zero.
    ///
    /// @param trainedOn what the run was prepared for
    /// @param seed of the plan
    /// @throws TanrenException what the store throws; `MODEL_TENSOR_MISMATCH` where the tensors are
    ///     not those of the layout; `CHECKPOINT_OTHER_PLAN` where a checkpoint of this stage is of
    ///     another optimizer or averaging; `CHECKPOINT_OTHER_INPUTS` where a checkpoint was trained
    ///     on something else
    public CheckpointState restore(
            InitialState initial, TrainedOn trainedOn, TrainingState state, long seed) {
        switch (initial) {
            case InitialState.Random random ->
                    Initialisation.random(state.layout(), state.weights(), seed);
            case InitialState.Imported imported ->
                    HuggingFaceWeights.load(
                            fetchModel(imported.prefix()), state.layout(), state.weights());
            case InitialState.Weights weights ->
                    weights(weights.manifestKey(), trainedOn, state.layout(), state.weights());
            case InitialState.Resume resume -> {
                return resume(resume, trainedOn, state);
            }
        }
        state.begin();
        return CheckpointState.beginning();
    }

    private CheckpointState resume(
            InitialState.Resume resume, TrainedOn trainedOn, TrainingState state) {
        CheckpointManifest manifest = readManifest(resume.manifestKey(), trainedOn);
        if (manifest.step() != resume.step()) {
            throw new TanrenException(
                    ErrorCode.RANK_LAUNCH,
                    "the checkpoint is of step "
                            + manifest.step()
                            + ", the launch says "
                            + resume.step(),
                    resume.manifestKey(),
                    "Start the attempt again.");
        }
        state.requireSameKinds(manifest.state(), resume.manifestKey());
        load(manifest, state.tensors());
        state.resume(manifest.state());
        return CheckpointState.of(manifest.step(), manifest.state());
    }

    /// Loads the weights of a checkpoint alone.
    ///
    /// @throws TanrenException `CHECKPOINT_OTHER_INPUTS`
    public CheckpointManifest weights(
            String manifestKey, TrainedOn trainedOn, ParameterLayout layout, FlatBuffer weights) {
        CheckpointManifest manifest = readManifest(manifestKey, trainedOn);
        load(manifest, TrainingState.weightTensors(layout, weights));
        return manifest;
    }

    /// Loads the mean of the weights of a checkpoint alone.
    ///
    /// @throws TanrenException `AVERAGE_MISSING` where the checkpoint has none, or one that no
    ///     weights were taken in: plain weights are never given out as a mean;
    ///     `CHECKPOINT_OTHER_INPUTS`
    public CheckpointManifest average(
            String manifestKey, TrainedOn trainedOn, ParameterLayout layout, FlatBuffer weights) {
        CheckpointManifest manifest = readManifest(manifestKey, trainedOn);
        TrainingState.requireAverage(manifest.state(), manifestKey);
        load(manifest, TrainingState.averageTensors(layout, weights));
        return manifest;
    }

    private void load(CheckpointManifest manifest, List<NamedTensor> tensors) {
        new CheckpointReader(store, sign)
                .load(
                        manifest,
                        tensors.stream()
                                .map(tensor -> new Target(tensor.name(), 0, tensor.bytes()))
                                .toList());
    }

    private CheckpointManifest readManifest(String key, TrainedOn trainedOn) {
        CheckpointManifest manifest = readManifest(key);
        trainedOn.requireSame(manifest.trainedOn(), key);
        return manifest;
    }

    private CheckpointManifest readManifest(String key) {
        try {
            return Json.read(
                    new String(store.get(key), StandardCharsets.UTF_8), CheckpointManifest.class);
        } catch (IllegalArgumentException e) {
            throw new TanrenException(
                    ErrorCode.OBJECT_CORRUPT,
                    "the object is no checkpoint manifest: " + e.getMessage(),
                    key,
                    "Verify the checkpoint and go back to the one before it.",
                    e);
        }
    }

    /// A folder of the cache with the model's files. Imported models are immutable under their
    /// prefix, and a file is moved into place whole, so ranks may do this side by side. A cached
    /// file is hashed before it is used: a disk may have damaged it since it was fetched.
    private Path fetchModel(String prefix) {
        Path folder = cache.resolve("models").resolve(prefix.replace('/', '_'));
        try {
            CacheUse.hold(folder);
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("no folder for the model's files", e);
        }
        for (ObjectStore.StoredObject object : store.list(prefix)) {
            String name = object.key().substring(prefix.length());
            Path file = folder.resolve(name);
            if (!name.isEmpty() && !name.contains("/") && !present(file, object)) {
                store.download(object.key(), file);
            }
            sign.run();
        }
        return folder;
    }

    private boolean present(Path file, ObjectStore.StoredObject listed) {
        try {
            return Files.size(file) == listed.bytes() && sound(file, listed.key());
        } catch (IOException e) {
            return false; // not there yet
        }
    }

    /// Whether it has the hash that was recorded with the object; listings do not tell it.
    private boolean sound(Path file, String key) throws IOException {
        String recorded = store.find(key).map(ObjectStore.StoredObject::sha256).orElse("");
        return recorded.isEmpty() || Sha256.of(file).equals(recorded);
    }
}
