package dev.tanren.trainer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.testing.Inputs;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.checkpoint.ShardWriter;
import dev.tanren.storage.checkpoint.StateHash;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.safetensors.SafetensorsFile;
import dev.tanren.storage.testing.EmbeddedS3;
import dev.tanren.trainer.model.HuggingFaceDirectory;
import dev.tanren.trainer.optimizer.Optimizer;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import dev.tanren.trainer.rank.TinyPlan;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateRestorerTest {

    private static final String PREFIX = "models/grouped/";
    private static final String MANIFEST = "runs/r/s/checkpoints/0000000007/manifest.json";
    private static final Map<String, String> KEPT =
            CheckpointState.values(
                    5, 7 * 128, "short", List.of(Map.of("data.offset.code/16", "42")));

    @TempDir static Path folder;
    private static EmbeddedS3 s3;
    private static S3ObjectStore store;
    private static HuggingFaceDirectory model;

    @BeforeAll
    static void startTheStore() throws Exception {
        s3 = EmbeddedS3.start();
        store = s3.store("tanren");
        model =
                HuggingFaceDirectory.open(
                        Path.of(
                                Objects.requireNonNull(
                                                StateRestorerTest.class.getResource(
                                                        "/parity/grouped-untied"))
                                        .toURI()));
        for (String file : List.of("config.json", "model.safetensors")) {
            store.put(PREFIX + file, model.directory().resolve(file));
        }
    }

    @AfterAll
    static void stop() {
        store.close();
        s3.close();
    }

    @Test
    void anImportedDirectoryGivesItsWeightsByteForByteAndEmptyMoments() {
        try (TrainingState state = state();
                SafetensorsFile file =
                        SafetensorsFile.open(model.directory().resolve("model.safetensors"))) {
            CheckpointState start = restore(new InitialState.Imported(PREFIX), state);

            assertThat(start).isEqualTo(CheckpointState.beginning());
            for (TrainingState.NamedTensor tensor :
                    TrainingState.weightTensors(state.layout(), state.weights())) {
                assertThat(file.tensor(tensor.name()).bytes().mismatch(tensor.bytes()))
                        .as(tensor.name())
                        .isEqualTo(-1);
            }
            assertEmpty(state.optimizer());
        }
    }

    @Test
    void aCachedFileThatWasDamagedIsFetchedAgain() throws IOException {
        try (TrainingState state = state();
                TrainingState again = state()) {
            restore(new InitialState.Imported(PREFIX), state);
            Path cached = folder.resolve("models/models_grouped_/model.safetensors");
            byte[] bytes = Files.readAllBytes(cached);
            byte[] sound = bytes.clone();
            bytes[bytes.length - 4] ^= 1;
            Files.write(cached, bytes);

            restore(new InitialState.Imported(PREFIX), again);

            assertEqual(again.weights(), state.weights());
            assertThat(cached).hasBinaryContent(sound);
        }
    }

    @Test
    void whatAnyNumberOfRanksSavedIsRestoredByteForByte() {
        try (TrainingState saved = filled()) {
            for (int ranks : new int[] {1, 2, 3}) {
                save(saved, ranks);
                try (TrainingState state = state()) {
                    CheckpointState start = restore(new InitialState.Resume(MANIFEST, 7), state);

                    assertThat(start).isEqualTo(new CheckpointState(7, 5, KEPT));
                    assertEqual(state.weights(), saved.weights());
                    assertEqual(state.optimizer(), saved.optimizer());
                }
            }
        }
    }

    @Test
    void anotherStagesWeightsComeWithoutItsMomentsAndPosition() {
        try (TrainingState saved = filled();
                TrainingState state = state()) {
            save(saved, 2);
            CheckpointState start = restore(new InitialState.Weights(MANIFEST), state);

            assertThat(start).isEqualTo(CheckpointState.beginning());
            assertEqual(state.weights(), saved.weights());
            assertEmpty(state.optimizer());
        }
    }

    @Test
    void aCheckpointOfAnotherStepThanTheLaunchSaysIsRefused() {
        try (TrainingState saved = filled();
                TrainingState state = state()) {
            save(saved, 1);
            assertThatThrownBy(() -> restore(new InitialState.Resume(MANIFEST, 8), state))
                    .hasMessageContaining("of step 7, the launch says 8")
                    .isInstanceOfSatisfying(
                            TanrenException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.RANK_LAUNCH));
        }
    }

    @Test
    void anObjectThatIsNoManifestIsCorrupt() {
        store.put("broken.json", "{".getBytes(StandardCharsets.UTF_8));
        try (TrainingState state = state()) {
            assertThatThrownBy(() -> restore(new InitialState.Weights("broken.json"), state))
                    .isInstanceOfSatisfying(
                            TanrenException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.OBJECT_CORRUPT));
        }
    }

    @Test
    void aCheckpointThatWasTrainedOnAnotherDatasetIsRefusedByName() {
        try (TrainingState saved = filled();
                TrainingState state = state()) {
            save(saved, 1);
            TrainedOn other = trainedOn("datasets/two/manifest.json");
            for (InitialState start :
                    List.of(
                            new InitialState.Resume(MANIFEST, 7),
                            new InitialState.Weights(MANIFEST))) {
                assertThatThrownBy(
                                () ->
                                        new StateRestorer(store, folder)
                                                .restore(start, other, state, 17))
                        .hasMessageContaining("dataset 'code'")
                        .isInstanceOfSatisfying(
                                TanrenException.class,
                                e ->
                                        assertThat(e.code())
                                                .isEqualTo(ErrorCode.CHECKPOINT_OTHER_INPUTS));
            }
        }
    }

    private static CheckpointState restore(InitialState initial, TrainingState state) {
        return new StateRestorer(store, folder)
                .restore(initial, trainedOn("datasets/one/manifest.json"), state, 17);
    }

    private static TrainedOn trainedOn(String dataset) {
        return Inputs.of(model.configuration().architecture(), Map.of("code", dataset));
    }

    private static TrainingState state() {
        Architecture architecture = model.configuration().architecture();
        return TrainingState.allocate(
                ParameterLayout.of(architecture), TinyPlan.stage(2).optimizer());
    }

    private static TrainingState filled() {
        TrainingState state = state();
        SplittableRandom random = new SplittableRandom(5);
        for (TrainingState.NamedTensor tensor : state.tensors()) {
            for (long at = 0; at < tensor.bytes().byteSize(); at += Float.BYTES) {
                tensor.bytes().set(ValueLayout.JAVA_FLOAT, at, (float) random.nextDouble());
            }
        }
        return state;
    }

    private static void save(TrainingState state, int ranks) {
        List<CheckpointManifest.Shard> shards = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            List<Report> reports = new ArrayList<>();
            String key = "runs/r/s/checkpoints/0000000007/" + rank + "-of-" + ranks;
            try (CheckpointSaver saver =
                    new CheckpointSaver(
                            new ShardWriter(store),
                            state,
                            rank,
                            ranks,
                            step -> key,
                            reports::add)) {
                saver.snapshot(7, KEPT);
                saver.upload();
            }
            assertThat(reports).hasSize(1);
            shards.add(((Report.ShardSaved) reports.getFirst()).shard());
        }
        CheckpointManifest manifest =
                new CheckpointManifest(
                        CheckpointManifest.VERSION,
                        "r",
                        "s",
                        "short",
                        7,
                        1,
                        1,
                        shards,
                        trainedOn("datasets/one/manifest.json"),
                        KEPT,
                        StateHash.of(shards),
                        0,
                        "2026-01-01T00:00:00Z");
        store.put(MANIFEST, Json.write(manifest).getBytes(StandardCharsets.UTF_8));
    }

    private static void assertEqual(FlatBuffer actual, FlatBuffer expected) {
        MemorySegment other = expected.segment();
        assertThat(actual.segment().mismatch(other)).isEqualTo(-1);
    }

    private static void assertEqual(Optimizer actual, Optimizer expected) {
        for (int i = 0; i < expected.state().size(); i++) {
            MemorySegment other = expected.state().get(i).bytes();
            assertThat(actual.state().get(i).bytes().mismatch(other)).isEqualTo(-1);
        }
    }

    private static void assertEmpty(Optimizer optimizer) {
        for (Optimizer.State state : optimizer.state()) {
            assertThat(state.bytes().toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
        }
    }
}
