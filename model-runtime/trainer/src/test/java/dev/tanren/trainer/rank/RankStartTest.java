package dev.tanren.trainer.rank;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tanren.launch.ExitCode;
import dev.tanren.launch.InitialState;
import dev.tanren.launch.Report;
import dev.tanren.plan.Plan;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.testing.StageBuilder;
import dev.tanren.plan.timetable.Timetable;
import dev.tanren.storage.tokens.DatasetManifest;
import dev.tanren.trainer.data.StageData;
import dev.tanren.trainer.model.HuggingFaceDirectory;
import dev.tanren.trainer.model.HuggingFaceWeights;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.decoder.Decoder;
import dev.tanren.trainer.model.decoder.DecoderEvaluation;
import dev.tanren.trainer.model.family.Decoders;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What real ranks start from, and what they refuse to start from.
class RankStartTest {

    private static final InitialState FRESH = new InitialState.Random();
    private static final String PHASE = "short";

    @TempDir static Path folder;
    private static Rig rig;

    @BeforeAll
    static void startTheStore() throws Exception {
        rig = Rig.start(folder);
    }

    @AfterAll
    static void stop() {
        rig.close();
    }

    @Test
    void aHuggingFaceDirectoryIsTrainedOnFromItsOwnLossWithTheSameBitsOnOneRankAndTwo()
            throws Exception {
        Path directory =
                Path.of(
                        Objects.requireNonNull(getClass().getResource("/parity/grouped-untied"))
                                .toURI());
        for (String file : List.of("config.json", "model.safetensors")) {
            rig.store().put("models/grouped/" + file, directory.resolve(file));
        }
        HuggingFaceDirectory model = HuggingFaceDirectory.open(directory);
        InitialState imported = new InitialState.Imported("models/grouped/");
        Gang.Setting one = rig.setting("imported-one").with(model.configuration().architecture());
        Reference alone;
        try (Gang gang = Gang.start(one, PHASE, 1, 1, imported)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            alone = Reference.of(gang);
            Map<String, Report.Evaluation> before = evaluation(gang, 0);
            heldOutLosses(one, model)
                    .forEach(
                            (dataset, loss) ->
                                    assertThat(loss(before, dataset))
                                            .isCloseTo(loss, within(1e-6)));
            assertThat(loss(evaluation(gang, 6), "code")).isLessThan(loss(before, "code"));
        }
        Gang.Setting two = rig.setting("imported-two").with(model.configuration().architecture());
        Reference together = Reference.train(two, PHASE, 2, imported);
        alone.assertSame(together.steps());
        assertThat(together.hash()).isEqualTo(alone.hash());
    }

    @Test
    void aStageOnAnothersWeightsBeginsWithTheLossThatTheOtherEndedWith() throws Exception {
        Gang.Setting first = rig.setting("first");
        Map<String, Report.Evaluation> end;
        InitialState weights;
        try (Gang gang = Gang.start(first, PHASE, 1, 2, FRESH)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            end = evaluation(gang, 6);
            weights = new InitialState.Weights(gang.commit().manifestKey());
        }
        try (Gang gang = Gang.start(rig.setting("second"), PHASE, 1, 1, weights)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FINISHED);
            assertThat(evaluation(gang, 0)).isEqualTo(end);
            assertThat(Reference.steps(gang).keySet()).contains(1L, 6L);
            assertThat(gang.reports(Report.ShardSaved.class).getLast().state())
                    .containsEntry("optimizer.steps", "6");
        }
    }

    @Test
    void microBatchesThatAreNoPowerOfTwoHaveTheSameBitsOnOneRankAndTwo() throws Exception {
        Plan six = TinyPlan.plan(TinyPlan.stage(2, 4, 192));
        Reference alone = Reference.train(rig.setting("six-one").with(six), PHASE, 1, FRESH);
        Reference together = Reference.train(rig.setting("six-two").with(six), PHASE, 2, FRESH);
        alone.assertSame(together.steps());
        assertThat(together.hash()).isEqualTo(alone.hash());
    }

    @Test
    void threeRanksAreRefusedForTheirSumsWouldHaveOtherBits() throws Exception {
        Plan six = TinyPlan.plan(TinyPlan.stage(2, 4, 192));
        assertRefused(rig.setting("three").with(six), 3, "RANK_LAUNCH", "not a power of two");
    }

    @Test
    void ranksThatCannotShareTheMicroBatchesEvenlyAreRefusedWithTheFactorsOfTheBatch()
            throws Exception {
        Plan six = TinyPlan.plan(TinyPlan.stage(2, 4, 192));
        assertRefused(
                rig.setting("uneven").with(six), 4, "PLAN_INCONSISTENT", "12 sequences cannot");
    }

    @Test
    void aTierWithoutADocumentIsRefusedByItsName() throws Exception {
        Plan silver =
                TinyPlan.plan(
                        StageBuilder.of(TinyPlan.stage(2))
                                .mixing(Map.of("code@silver", 1.0))
                                .build());
        assertRefused(
                rig.setting("small").with(silver), 1, "DATASET_TOO_SMALL", "is in tier silver");
    }

    @Test
    void sequencesLongerThanTheModelsPositionsAreRefusedWithBothNumbers() throws Exception {
        assertRefused(
                rig.setting("positions").with(TinyPlan.architecture(96, 32, 8)),
                1,
                "PLAN_INCONSISTENT",
                "sequences of 16 tokens for a model of 8 positions");
    }

    @Test
    void aDatasetOfALargerVocabularyThanTheModelsIsRefused() throws Exception {
        assertRefused(
                rig.setting("vocabulary").with(TinyPlan.architecture(64, 32, 64)),
                1,
                "TOKENIZER_MISMATCH",
                "token ids below 96, the model knows those below 64");
    }

    @Test
    void aTokenThatTheDatasetsManifestDeniesIsFoundBeforeItIsTrainedOn() throws Exception {
        Map<String, String> lying = new HashMap<>(rig.datasets());
        lying.put("code", relabelled("code", 64));
        lying.put("prose", relabelled("prose", 64));
        assertRefused(
                rig.setting("lying").with(TinyPlan.architecture(64, 32, 64)).with(lying),
                1,
                "TOKENIZER_MISMATCH",
                "is none of the model's, whose vocabulary has 64");
    }

    private static void assertRefused(Gang.Setting setting, int ranks, String code, String what)
            throws Exception {
        try (Gang gang = Gang.start(setting, PHASE, 1, ranks, FRESH)) {
            assertThat(gang.exitCodes()).as(gang::logs).containsOnly(ExitCode.FAILED);
            assertThat(gang.reports(Report.Failed.class))
                    .hasSize(ranks)
                    .allSatisfy(
                            failed -> {
                                assertThat(failed.code()).isEqualTo(code);
                                assertThat(failed.what()).contains(what);
                                assertThat(failed.where()).isNotBlank();
                                assertThat(failed.mend()).isNotBlank();
                            });
            assertThat(Reference.steps(gang)).isEmpty();
        }
    }

    private static Map<String, Report.Evaluation> evaluation(Gang gang, long step) {
        return gang.reports(Report.Evaluated.class).stream()
                .filter(report -> report.rank() == 0 && report.step() == step)
                .findFirst()
                .orElseThrow()
                .datasets();
    }

    private static double loss(Map<String, Report.Evaluation> evaluation, String dataset) {
        return Objects.requireNonNull(evaluation.get(dataset), dataset).loss();
    }

    /// Mean losses as this process computes them from the directory.
    private static Map<String, Double> heldOutLosses(
            Gang.Setting setting, HuggingFaceDirectory model) {
        StageData data =
                StageData.open(
                        setting.plan(),
                        setting.stage(),
                        Timetable.of(setting.stage()).of(PHASE),
                        setting.architecture().vocabSize(),
                        setting.store(),
                        setting.datasets(),
                        folder.resolve("own-cache"),
                        () -> {});
        Map<String, Double> losses = new HashMap<>();
        try (Decoder decoder = Decoders.create(setting.architecture());
                FlatBuffer weights = FlatBuffer.allocate(decoder.layout())) {
            HuggingFaceWeights.load(model.directory(), decoder.layout(), weights);
            decoder.parameters().useWeights(weights);
            data.heldOut()
                    .forEach((dataset, batches) -> losses.put(dataset, mean(decoder, batches)));
        }
        assertThat(losses).hasSize(2);
        return losses;
    }

    private static double mean(Decoder decoder, List<MicroBatch> batches) {
        double sum = batches.stream().mapToDouble(new DecoderEvaluation(decoder)::lossSum).sum();
        return sum / batches.stream().mapToLong(MicroBatch::countedTargets).sum();
    }

    /// A manifest that names another vocabulary's size over the same shards.
    private static String relabelled(String name, int vocabSize) {
        String key = Objects.requireNonNull(rig.datasets().get(name), name);
        DatasetManifest manifest =
                Json.read(
                        new String(rig.store().get(key), StandardCharsets.UTF_8),
                        DatasetManifest.class);
        DatasetManifest relabelled =
                new DatasetManifest(
                        manifest.version(),
                        manifest.name(),
                        manifest.contentHash() + "-relabelled",
                        vocabSize,
                        manifest.documentBoundaries(),
                        manifest.training(),
                        manifest.heldOut(),
                        manifest.statistics());
        String other = "datasets/" + name + "-relabelled/manifest.json";
        rig.store().put(other, Json.write(relabelled).getBytes(StandardCharsets.UTF_8));
        return other;
    }
}
