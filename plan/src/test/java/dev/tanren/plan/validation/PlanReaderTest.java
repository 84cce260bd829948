package dev.tanren.plan.validation;

import static dev.tanren.plan.validation.PlanReaderTest.Expected.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tanren.plan.Anomalies;
import dev.tanren.plan.Architecture;
import dev.tanren.plan.Averaging;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Objective;
import dev.tanren.plan.Plan;
import dev.tanren.plan.Stage;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.Watchdog;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class PlanReaderTest {

    @Test
    void theExampleOfTheDocumentationIsValid() {
        PlanReading reading = PlanReader.read(Plans.javaExpert());
        assertThat(reading).isInstanceOf(PlanReading.Valid.class);
        assertThat(((PlanReading.Valid) reading).warnings()).isEmpty();
        Plan plan = reading.planOrThrow();
        assertThat(plan.model()).isEqualTo(new ModelSource.Base("s3://models/smollm2-135m"));
        assertThat(plan.stages().get(1))
                .isEqualTo(
                        new Stage.Evaluate(
                                "gate",
                                "adapt",
                                Map.of(
                                        "code.perplexity", new Stage.Requirement(60.0, null),
                                        "prose.forgetting", new Stage.Requirement(0.05, null))));
        var adapt = (TrainingStage) plan.stages().getFirst();
        assertThat(adapt.globalBatchTokens()).isEqualTo(16_384);
        assertThat(adapt.phases().getLast().enterWhen())
                .isEqualTo(
                        new TrainingStage.EntryCondition(
                                "code.loss", 5.0, null, TrainingStage.Otherwise.CONTINUE));
    }

    @Test
    void everyDefaultIsPinned() {
        Plan plan = PlanReader.read(Plans.SMALLEST).planOrThrow();
        assertThat(plan)
                .isEqualTo(
                        new Plan(
                                "tanren.dev/v1",
                                "smallest",
                                0,
                                new ModelSource.Fresh(
                                        new Architecture(
                                                Architecture.Family.LLAMA,
                                                64,
                                                32,
                                                2,
                                                4,
                                                4,
                                                48,
                                                null,
                                                false,
                                                10_000,
                                                1e-5,
                                                2048),
                                        null),
                                Map.of(
                                        "ids",
                                        new Dataset(
                                                List.of(
                                                        new Dataset.Source(
                                                                "file:./train.bin",
                                                                null,
                                                                "text",
                                                                Dataset.Format.TOKENS_U16)),
                                                new Dataset.Quality(Dataset.Scorer.NONE, 1),
                                                Dataset.Order.SHUFFLED,
                                                0.02)),
                                List.of(defaultStage())));
    }

    private static TrainingStage defaultStage() {
        return new TrainingStage(
                "base",
                TrainingStage.Type.PRETRAIN,
                new TrainingStage.Optimizer(
                        TrainingStage.OptimizerType.ADAMW,
                        1e-3,
                        0.9,
                        0.95,
                        1e-8,
                        0.1,
                        1.0,
                        TrainingStage.WeightDecayOn.MATRICES,
                        null),
                new TrainingStage.Schedule(
                        TrainingStage.ScheduleType.WARMUP_STABLE_DECAY,
                        0.02,
                        0.2,
                        0.1,
                        0.0,
                        TrainingStage.Course.STAGE),
                TrainingStage.Precision.FP32,
                TrainingStage.Activations.NONE,
                256,
                1,
                1,
                TrainingStage.Parallelism.data(1),
                List.of(new TrainingStage.Phase("only", 64, 1000, Map.of("ids", 1.0), null)),
                new TrainingStage.Checkpointing(100, 3),
                null,
                Objective.CROSS_ENTROPY,
                null,
                Anomalies.STANDARD,
                Watchdog.MEASURED);
    }

    @Test
    void aStageMaySayHowLongARankMayBeSilent() {
        String silent =
                Plans.SMALLEST.replace(
                        "globalBatchTokens", "watchdog: {silence: %s}\n    globalBatchTokens");

        assertThat(PlanReader.read(silent.formatted("10m")).planOrThrow().stages().getFirst())
                .isInstanceOfSatisfying(
                        TrainingStage.class,
                        stage ->
                                assertThat(stage.watchdog())
                                        .isEqualTo(Watchdog.of(Duration.ofMinutes(10))));
        for (String wrong : List.of("10", "1s", "8d", "soon", "true")) {
            assertThat(((PlanReading.Invalid) PlanReader.read(silent.formatted(wrong))).problems())
                    .singleElement()
                    .satisfies(
                            problem -> {
                                assertThat(problem.path()).isEqualTo("stages[0].watchdog.silence");
                                assertThat(problem.expected()).contains("5s to 7d");
                            });
        }
    }

    @Test
    void laterDefaultsArePinnedToo() {
        String more =
                Plans.SMALLEST
                                .replace(
                                        "tokens-u16}]}",
                                        "tokens-u16}]}\n  text: {sources: [{uri: file:a}]}")
                                .replace("ids: 1}}", "ids: 1}}\n    evaluation: {datasets: [ids]}")
                                .replace("heads: 4", "heads: 4, headSize: 16")
                                .replace(
                                        "  architecture",
                                        "  tokenizer: file:t.json\n  architecture")
                                .replace("learningRate: 1e-3", "learningRate: 1e-3, clipNorm: null")
                        + "  - {id: gate, type: evaluate, of: base}\n  - {id: out, type: export, of: base}\n";
        Plan plan = PlanReader.read(more).planOrThrow();
        var stage = (TrainingStage) plan.stages().getFirst();
        assertThat(stage.evaluation())
                .isEqualTo(new TrainingStage.Evaluation(100, List.of("ids"), 16));
        assertThat(stage.optimizer().clipNorm()).isNull();
        assertThat(plan.stages().get(1)).isEqualTo(new Stage.Evaluate("gate", "base", Map.of()));
        assertThat(plan.stages().get(2))
                .isEqualTo(new Stage.Export("out", "base", List.of(Stage.Format.HUGGINGFACE)));
        assertThat(((ModelSource.Fresh) plan.model()).architecture().headSize()).isEqualTo(16);
        assertThat(plan.datasets().values())
                .extracting(dataset -> dataset.sources().getFirst().format())
                .containsExactly(Dataset.Format.TOKENS_U16, Dataset.Format.AUTO);
    }

    @Test
    void everySettingOfTheOptimizationIsRead() {
        String text =
                Plans.javaExpert()
                        .replace(
                                "optimizer: {type: adamw,",
                                """
                                objective: {zLoss: 1e-4, labelSmoothing: 10%}
                                    averaging: {type: last, checkpoints: 3}
                                    anomalies: {nonFinite: skip, spike: null, limit: 5}
                                    optimizer: {type: muon, weightDecayOn: hidden-matrices,""")
                        .replace("warmup: 2%,", "warmup: 2%, initial: 10%, over: phase,");
        var stage = (TrainingStage) PlanReader.read(text).planOrThrow().stages().getFirst();
        assertThat(stage.objective()).isEqualTo(new Objective(1e-4, 0.1));
        assertThat(stage.averaging()).isEqualTo(new Averaging.Last(3));
        assertThat(stage.anomalies())
                .isEqualTo(new Anomalies(Anomalies.Policy.SKIP, null, 128, 8, 5));
        assertThat(stage.optimizer().type()).isEqualTo(TrainingStage.OptimizerType.MUON);
        assertThat(stage.optimizer().momentum()).isEqualTo(new TrainingStage.Momentum(0.95, true));
        assertThat(stage.optimizer().weightDecayOn())
                .isEqualTo(TrainingStage.WeightDecayOn.HIDDEN_MATRICES);
        assertThat(stage.schedule().initial()).isEqualTo(0.1);
        assertThat(stage.schedule().over()).isEqualTo(TrainingStage.Course.PHASE);
    }

    @Test
    void defaultsOfTheOtherOptimizersAndAveragesArePinned() {
        String text = Plans.SMALLEST.replace("learningRate: 1e-3", "type: sgd, learningRate: 1e-3");
        var stage = (TrainingStage) PlanReader.read(text).planOrThrow().stages().getFirst();
        assertThat(stage.optimizer().momentum()).isEqualTo(new TrainingStage.Momentum(0.9, false));
        String averaged =
                Plans.SMALLEST.replace("ids: 1}}", "ids: 1}}\n    averaging: {type: ema}");
        stage = (TrainingStage) PlanReader.read(averaged).planOrThrow().stages().getFirst();
        assertThat(stage.averaging()).isEqualTo(new Averaging.Exponential(0.999));
        assertThat(stage.anomalies())
                .isEqualTo(
                        new Anomalies(Anomalies.Policy.ROLLBACK, Anomalies.Policy.SKIP, 128, 8, 2));
    }

    @Test
    void aPlanWithThreeMistakesNamesAllThreeWithTheirLines() {
        String text =
                Plans.javaExpert()
                        .replace("learningRate: 3e-4", "learningrate: 3e-4")
                        .replace("metric: code.loss", "metric: cod.loss")
                        .replace("of: adapt, formats", "of: adopt, formats");
        assertThat(problems(text))
                .extracting(Problem::code, Problem::line, Problem::path, Problem::nearest)
                .containsExactly(
                        tuple(
                                ErrorCode.PLAN_UNKNOWN_KEY,
                                17,
                                "stages[0].optimizer.learningrate",
                                "learningRate"),
                        tuple(
                                ErrorCode.PLAN_REFERENCE,
                                31,
                                "stages[0].phases[1].enterWhen.metric",
                                "code"),
                        tuple(ErrorCode.PLAN_REFERENCE, 35, "stages[2].of", "adapt"));
    }

    @Test
    void jsonReadsAsYamlDoes() throws Exception {
        Object tree = new Load(LoadSettings.builder().build()).loadFromString(Plans.javaExpert());
        ObjectMapper mapper = Json.mapper();
        Plan expected = PlanReader.read(Plans.javaExpert()).planOrThrow();
        assertThat(PlanReader.read(mapper.writeValueAsString(tree)).planOrThrow())
                .isEqualTo(expected);
        String pretty = mapper.writerWithDefaultPrettyPrinter().writeValueAsString(tree);
        assertThat(PlanReader.read(pretty).planOrThrow()).isEqualTo(expected);
        assertThat(PlanReader.read(pretty.replace("  ", "\t")).planOrThrow()).isEqualTo(expected);
    }

    @Test
    void planOrThrowListsEveryProblem() {
        PlanReading reading = PlanReader.read("name: A\n");
        var error = catchThrowableOfType(TanrenException.class, reading::planOrThrow);
        assertThat(error.code()).isEqualTo(ErrorCode.PLAN_INVALID);
        assertThat(error.what())
                .contains("5 problems", "apiVersion", "name", "model", "datasets", "stages");
    }

    @Test
    void syntaxErrorsSayWhere() {
        assertThat(problems("name: [a\nb: c"))
                .singleElement()
                .satisfies(at(ErrorCode.PLAN_SYNTAX, 2, ""));
        assertThat(problems("")).singleElement().satisfies(at(ErrorCode.PLAN_SYNTAX, 1, ""));
        assertThat(problems("a: 1\n---\nb: 1"))
                .singleElement()
                .satisfies(at(ErrorCode.PLAN_SYNTAX, 2, ""));
        assertThat(problems("[1, 2]"))
                .singleElement()
                .satisfies(at(ErrorCode.PLAN_WRONG_TYPE, 1, ""));
    }

    @Test
    void hugeDeepAndExplodingTextsAreRefusedInsteadOfRead() {
        assertThat(problems("#" + "x".repeat(1 << 20)))
                .singleElement()
                .satisfies(at(ErrorCode.PLAN_SYNTAX, 1, ""));
        assertThat(problems("[".repeat(100_000)))
                .singleElement()
                .satisfies(at(ErrorCode.PLAN_SYNTAX, 1, ""));
        StringBuilder bomb = new StringBuilder("a0: &a0 [x]\n");
        for (int i = 1; i < 20; i++) {
            bomb.append("a%d: &a%d [*a%d, *a%d]\n".formatted(i, i, i - 1, i - 1));
        }
        assertThat(problems(bomb.toString()))
                .singleElement()
                .satisfies(at(ErrorCode.PLAN_SYNTAX, 18, ""));
        assertThat(problems("&a {name: *a}")).isNotEmpty();
    }

    @Test
    void anAliasMayRepeatAPartOfAPlan() {
        String text =
                Plans.javaExpert()
                        .replace("mix: {code: 0.75, prose: 0.25}", "mix: *mix")
                        .replace("mix: {\"code@gold\"", "mix: &mix {\"code@gold\"");
        var stage = (TrainingStage) PlanReader.read(text).planOrThrow().stages().getFirst();
        assertThat(stage.phases().get(1).mix()).isEqualTo(stage.phases().get(0).mix());
    }

    @Test
    void aCharacterOutsideTheBasicPlaneMayStandAnywhere() {
        for (int i = 1020; i < 1030; i++) {
            String text = "#" + "x".repeat(i) + "\uD83C\uDF93\n" + Plans.javaExpert();
            assertThat(problems(text)).isEmpty();
        }
    }

    static List<Problem> problems(String text) {
        return PlanReader.read(text) instanceof PlanReading.Invalid invalid
                ? invalid.problems()
                : List.of();
    }

    /// Checks of one problem.
    static final class Expected {
        private Expected() {}

        static org.assertj.core.api.ThrowingConsumer<Problem> at(
                ErrorCode code, int line, String path) {
            return problem -> {
                assertThat(problem.code()).isEqualTo(code);
                assertThat(problem.line()).isEqualTo(line);
                assertThat(problem.path()).isEqualTo(path);
            };
        }
    }
}
