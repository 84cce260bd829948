package dev.tanren.launch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.Plan;
import dev.tanren.plan.Stage;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.PhaseAttempt;
import dev.tanren.plan.run.TrainedOn;
import dev.tanren.plan.testing.SmallPlans;
import dev.tanren.plan.testing.StageBuilder;
import dev.tanren.storage.checkpoint.CheckpointManifest;
import dev.tanren.storage.objects.StoreAddress;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class LaunchJsonTest {

    private static final StoreAddress STORE =
            new StoreAddress("http://127.0.0.1:9000", "us-east-1", "tanren", "a/", true);

    @ParameterizedTest
    @MethodSource
    void everyReportComesBackAsItWas(Report report) {
        String line = Json.write(report);
        assertThat(line).doesNotContain("\n");
        assertThat(Json.read(line, Report.class)).isEqualTo(report);
    }

    @ParameterizedTest
    @CsvSource({
        "2, 0.02, slower than in fp32",
        "95, 0.95, about as fast",
        "180, 1.80, faster than"
    })
    void measuredProductsSayWhatTheyMeanForTheStage(double bf16, String ratio, String words) {
        assertThat(new Report.ProductsMeasured(0, 100, bf16).inWords())
                .contains("at " + ratio + " times the speed", words);
    }

    static Stream<Report> everyReportComesBackAsItWas() {
        return Stream.of(
                new Report.Hello(1, 4711),
                new Report.Ready(0, 20, 2.5, 134_515_008, "cpu"),
                new Report.ProductsMeasured(0, 98.5, 2.25),
                new Report.StepFinished(
                        1,
                        21,
                        "short",
                        5.25,
                        1.5e-4,
                        3e-4,
                        0.75,
                        1000,
                        128,
                        "00ff",
                        new Report.StepSeconds(0, 0.0625, 1, 2, 0.5, 0.25, 0.125, 4),
                        1 << 30),
                new Report.Evaluated(0, 40, Map.of("code", new Report.Evaluation(2, 7.4, 900))),
                new Report.SaveAwaited(1, 40, 2.5),
                new Report.Working(1, 40, Report.Work.COMPUTING, 3, 8),
                new Report.PeerAwaited(1, 0, 2.5),
                new Report.ShardSaved(
                        1,
                        40,
                        new CheckpointManifest.Shard(
                                "runs/r/s/checkpoints/0000000040/rank-1-of-2-7.safetensors",
                                100,
                                "ab",
                                "ef",
                                List.of(
                                        new CheckpointManifest.Tensor(
                                                "model.norm.weight",
                                                "F32",
                                                List.of(8L),
                                                64,
                                                0,
                                                8,
                                                "cd"))),
                        Map.of("data.offset.code/128", "12"),
                        0.5),
                new Report.Finished(0, 40, Map.of("sample", "zwei\nZeilen")),
                new Report.Preempted(0, 12),
                new Report.Failed(0, "TRAINING_DIVERGED", "what", "where", "mend"));
    }

    @ParameterizedTest
    @MethodSource
    void everyInitialStateComesBackAsItWas(InitialState state) {
        assertThat(Json.read(Json.write(state), InitialState.class)).isEqualTo(state);
    }

    static Stream<InitialState> everyInitialStateComesBackAsItWas() {
        return Stream.of(
                new InitialState.Random(),
                new InitialState.Imported("models/m/"),
                new InitialState.Weights("runs/r/a/checkpoints/0000000040/manifest.json"),
                new InitialState.Resume("runs/r/s/checkpoints/0000000040/manifest.json", 40));
    }

    private static final TrainedOn TRAINED_ON =
            new TrainedOn(
                    new TrainedOn.Model(
                            SmallPlans.ARCHITECTURE,
                            new TrainedOn.Tokenizer("models/base/tokenizer.json", "7"),
                            new TrainedOn.Base(
                                    "hf://org/base",
                                    "models/base/",
                                    "0123456789abcdef",
                                    "8",
                                    List.of(new TrainedOn.File("config.json", 5, "", "9")))),
                    Map.of("code", new TrainedOn.Data("ab", "datasets/ab/manifest.json", "s")));

    @Test
    void aRankLaunchComesBackAsItWas() {
        RankLaunch launch =
                new RankLaunch(
                        new PhaseAttempt(
                                "run-1",
                                plan(),
                                "adapt",
                                "short",
                                2,
                                7,
                                TRAINED_ON,
                                100,
                                List.of(),
                                List.of("short")),
                        1,
                        2,
                        "127.0.0.1",
                        40_000,
                        "/tmp/s",
                        "/tmp/scratch",
                        "/tmp/cache",
                        STORE,
                        new InitialState.Random(),
                        8L << 30);
        assertThat(Json.read(Json.write(launch), RankLaunch.class)).isEqualTo(launch);
    }

    @Test
    void anExportLaunchComesBackAsItWas() {
        ExportLaunch launch =
                new ExportLaunch(
                        "run-1",
                        "release",
                        "/tmp/s",
                        "/tmp/scratch",
                        "/tmp/cache",
                        STORE,
                        plan(),
                        "runs/run-1/adapt/checkpoints/0000000040/manifest.json",
                        "runs/run-1/release/artifacts/",
                        List.of(Stage.Format.HUGGINGFACE, Stage.Format.DJL),
                        new Lineage(
                                TRAINED_ON,
                                List.of(new Lineage.Evaluation("code", 40, 3.5, 33.1))));
        assertThat(Json.read(Json.write(launch), ExportLaunch.class)).isEqualTo(launch);
    }

    @Test
    void anEvaluateLaunchComesBackAsItWas() {
        EvaluateLaunch launch =
                new EvaluateLaunch(
                        "run-1",
                        "gate",
                        "/tmp/s",
                        "/tmp/scratch",
                        "/tmp/cache",
                        STORE,
                        "runs/run-1/release/artifacts/djl/",
                        Map.of("code", "datasets/ab/manifest.json"),
                        16,
                        128,
                        16,
                        32,
                        2);
        assertThat(Json.read(Json.write(launch), EvaluateLaunch.class)).isEqualTo(launch);
    }

    private static Plan plan() {
        return SmallPlans.plan(
                "java-expert",
                SmallPlans.ARCHITECTURE,
                StageBuilder.small()
                        .mixing(Map.of("code@gold", 1.0))
                        .evaluation(new TrainingStage.Evaluation(40, List.of("code"), 16))
                        .build(),
                new Stage.Approve("look"));
    }
}
