package dev.tanren.plan.validation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.plan.error.ErrorCode;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// One edit of a valid plan, and the one problem it must cause.
class PlanRulesTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "data: 2, | data: 3, | PLAN_NOT_YET_SUPPORTED | stages[0].parallelism.data | 2 or 4",
                "data: 2, | `data: 2, elasticity: 1,` | PLAN_INCONSISTENT | stages[0].parallelism.elasticity | a power of two from 2",
                "data: 2, | `data: 2, elasticity: 6,` | PLAN_INCONSISTENT | stages[0].parallelism.elasticity | a power of two from 2",
                "sharding: none | sharding: full | PLAN_NOT_YET_SUPPORTED | stages[0].parallelism.sharding | none",
                "tensor: 1 | tensor: 2 | PLAN_NOT_YET_SUPPORTED | stages[0].parallelism.tensor | 1",
                "sequence: false | sequence: true | PLAN_NOT_YET_SUPPORTED | stages[0].parallelism.sequence | false",
                "pipeline: 1 | pipeline: 4 | PLAN_NOT_YET_SUPPORTED | stages[0].parallelism.pipeline | 1",
                "context: 1} | context: 8} | PLAN_NOT_YET_SUPPORTED | stages[0].parallelism.context | 1",
                "s3://models/smollm2-135m | hf://org/name | PLAN_VALUE | model.base | hf://org/name@revision",
                "s3://models/smollm2-135m | hf://org/../name@main | PLAN_VALUE | model.base | hf://org/name@revision",
                "s3://models/smollm2-135m | hf://user:secret@host/name@main | PLAN_VALUE | model.base | hf://org/name@revision",
                "s3://models/smollm2-135m | run:17 | PLAN_VALUE | model.base | run:<id>/<stage>",
                "s3://models/smollm2-135m | ftp://models | PLAN_VALUE | model.base | file: or s3:",
                "globalBatchTokens: 16Ki | globalBatchTokens: 15k | PLAN_INCONSISTENT | stages[0].globalBatchTokens | 12288 (12Ki) or 16384 (16Ki)",
                "globalBatchTokens: 16Ki | globalBatchTokens: 1000 | PLAN_INCONSISTENT | stages[0].globalBatchTokens | Use 4096 (4Ki).",
                "prose: 0.25}} | prose: 0.5}} | PLAN_INCONSISTENT | stages[0].phases[0].mix | add up",
                "code@gold | code@golden | PLAN_REFERENCE | stages[0].phases[0].mix.code@golden | tier",
                "code@gold | prose@silver | PLAN_REFERENCE | stages[0].phases[0].mix.prose@silver | tier",
                "{\"code@gold\" | {cod | PLAN_REFERENCE | stages[0].phases[0].mix.cod | dataset",
                "datasets: [code, prose] | datasets: [code, poetry] | PLAN_REFERENCE | stages[0].evaluation.datasets[1] | dataset",
                "datasets: [code, prose] | datasets: [code, code] | PLAN_DUPLICATE | stages[0].evaluation.datasets[1] | one of them",
                "datasets: [code, prose] | datasets: [prose] | PLAN_REFERENCE | stages[0].phases[1].enterWhen.metric | dataset",
                "datasets: [code, prose] | datasets: [code] | PLAN_INCONSISTENT | stages[1].require[\"prose.forgetting\"] | Add prose to evaluation.datasets",
                "metric: code.loss | metric: code.los | PLAN_VALUE | stages[0].phases[1].enterWhen.metric | metric",
                "below: 5.0, | `` | PLAN_MISSING_KEY | stages[0].phases[1].enterWhen | at least one",
                "below: 5.0 | below: 1, above: 2 | PLAN_INCONSISTENT | stages[0].phases[1].enterWhen | Swap",
                "prose: 0.25}} | prose: 0.25}, enterWhen: {metric: code.loss, below: 1}} | PLAN_INCONSISTENT | stages[0].phases[0].enterWhen | Take enterWhen out",
                "id: long | id: short | PLAN_DUPLICATE | stages[0].phases[1].id | Rename",
                "id: gate | id: adapt | PLAN_DUPLICATE | stages[1].id | Rename",
                "id: gate | id: Gate | PLAN_VALUE | stages[1].id | lower-case",
                "of: adapt, require | of: release, require | PLAN_REFERENCE | stages[1].of | stage",
                "of: adapt, formats | of: gate, formats | PLAN_REFERENCE | stages[2].of | stage",
                "prose.forgetting | prose.forgotten | PLAN_VALUE | stages[1].require[\"prose.forgotten\"] | metric",
                "code.perplexity | cod.perplexity | PLAN_REFERENCE | stages[1].require[\"cod.perplexity\"] | dataset",
                "[huggingface, djl] | [djl, djl] | PLAN_DUPLICATE | stages[2].formats[1] | one of them",
                "scorer: heuristic, | `` | PLAN_INCONSISTENT | datasets.code.quality.tiers | scorer",
                "tiers: 3 | tiers: 4 | PLAN_VALUE | datasets.code.quality.tiers | range",
                "type: adamw, | type: adamw, momentum: 0.9, | PLAN_INCONSISTENT | stages[0].optimizer.momentum | no use for it",
                "type: adamw, | type: adamw, nesterov: true, | PLAN_INCONSISTENT | stages[0].optimizer.nesterov | no use for it",
                "type: adamw, learningRate: 3e-4, betas: [0.9, 0.95] | type: sgd, learningRate: 3e-4, epsilon: 1e-8 | PLAN_INCONSISTENT | stages[0].optimizer.epsilon | no use for it",
                "type: adamw, learningRate: 3e-4, | type: sgd, learningRate: 3e-4, | PLAN_INCONSISTENT | stages[0].optimizer.betas | no use for it",
                "type: adamw, | type: muon, momentum: 0, nesterov: true, | PLAN_INCONSISTENT | stages[0].optimizer.nesterov | Raise momentum",
                "type: adamw, | type: muon, weightDecayOn: norms, | PLAN_VALUE | stages[0].optimizer.weightDecayOn | list",
                "warmup: 2% | warmup: 0, initial: 10% | PLAN_INCONSISTENT | stages[0].schedule.initial | Give a warmup",
                "precision: fp32 | objective: {zLoss: 2} | PLAN_VALUE | stages[0].objective.zLoss | range",
                "precision: fp32 | averaging: {decay: 0.9} | PLAN_MISSING_KEY | stages[0].averaging.type | type",
                "precision: fp32 | averaging: {type: ema, checkpoints: 3} | PLAN_UNKNOWN_KEY | stages[0].averaging.checkpoints | belongs to last",
                "precision: fp32 | anomalies: {spike: null, window: 64} | PLAN_INCONSISTENT | stages[0].anomalies.window | Take window out",
                "formats: [huggingface, djl] | formats: [huggingface], weights: averaged | PLAN_INCONSISTENT | stages[2].weights | averaging",
                "warmup: 2% | warmup: 90% | PLAN_INCONSISTENT | stages[0].schedule.warmup | Shorten",
                "textField: text | format: tokens-u8 | PLAN_VALUE | datasets.prose.sources[0].format | list",
                "clipNorm: 1.0 | clipNorm: 0 | PLAN_VALUE | stages[0].optimizer.clipNorm | range",
                "betas: [0.9, 0.95] | betas: [0.9] | PLAN_VALUE | stages[0].optimizer.betas | list of 2",
                "seed: 17 | seed: \"17\" | PLAN_WRONG_TYPE | seed | without quotes",
                "name: java-expert | name: 17 | PLAN_WRONG_TYPE | name | quotes",
                "microBatch: 4 | microBatch: [4] | PLAN_WRONG_TYPE | stages[0].microBatch | whole number",
                "seed: 17 | seed: 17\\nseed: 18 | PLAN_DUPLICATE | seed | one of them",
                "tanren.dev/v1 | tanren.dev/v2 | PLAN_VALUE | apiVersion | tanren.dev/v1",
                "formats: [ | of: adapt, formats: [ | PLAN_DUPLICATE | stages[2].of | one of them",
                "formats: [huggingface, djl] | require: {} | PLAN_UNKNOWN_KEY | stages[2].require | belongs to evaluate",
                "activations: none | activatons: none | PLAN_UNKNOWN_KEY | stages[0].activatons | name"
            })
    void oneMistakeIsOneProblem(
            String old, String replacement, ErrorCode code, String path, String mend) {
        String text = Plans.javaExpert();
        int at = text.indexOf(old);
        assertThat(at).as(old).isNotNegative();
        String edited =
                text.substring(0, at)
                        + replacement.translateEscapes()
                        + text.substring(at + old.length());
        List<Problem> problems = PlanReaderTest.problems(edited);
        assertThat(problems).extracting(Problem::message).hasSize(1);
        Problem problem = problems.getFirst();
        assertThat(problem.path()).isEqualTo(path);
        assertThat(problem.code()).isEqualTo(code);
        assertThat(problem.message()).contains(mend, code.code());
    }

    @Test
    void aRequirementOfADatasetThatHoldsNothingOutIsToldBeforeTheRun() {
        String text =
                Plans.javaExpert()
                        .replace("datasets: [code, prose]", "datasets: [code]")
                        .replace("\"prose.forgetting\": {below: 5%}", "\"prose.loss\": {below: 5}")
                        .replace("textField: text}]", "textField: text}]\n    holdout: 0");

        assertThat(PlanReaderTest.problems(text))
                .singleElement()
                .satisfies(
                        problem -> {
                            assertThat(problem.path())
                                    .isEqualTo("stages[1].require[\"prose.loss\"]");
                            assertThat(problem.message()).contains("holdout 0", "such as 2%");
                        });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "heads: 4 | heads: 5 | PLAN_INCONSISTENT | model.architecture.heads | Use 4 or 8",
                "heads: 4 | heads: 4, keyValueHeads: 3 | PLAN_INCONSISTENT | model.architecture.keyValueHeads | Use 2 or 4",
                "heads: 4 | heads: 4, headSize: 7 | PLAN_INCONSISTENT | model.architecture.headSize | even",
                "heads: 4 | heads: 32 | PLAN_INCONSISTENT | model.architecture.heads | even",
                "heads: 4 | heads: 4, maximumPositions: 32 | PLAN_INCONSISTENT | stages[0].phases[0].sequenceLength | maximumPositions",
                "heads: 4 | heads: 4, slidingWindow: 16 | PLAN_INCONSISTENT | model.architecture.slidingWindow | mistral",
                "family: llama | family: gpt2, ropeTheta: 1e5 | PLAN_INCONSISTENT | model.architecture.ropeTheta | Take ropeTheta out",
                "family: llama | family: gpt2, ropeScaling: {type: linear, factor: 2} | PLAN_INCONSISTENT | model.architecture.ropeScaling | rotary",
                "family: llama | family: gpt2, headSize: 8 | PLAN_INCONSISTENT | model.architecture.headSize | Take headSize out",
                "family: llama | family: gpt2, keyValueHeads: 2 | PLAN_INCONSISTENT | model.architecture.keyValueHeads | as many as heads",
                "heads: 4 | heads: 4, ropeScaling: {type: yarn, factor: 2} | PLAN_VALUE | model.architecture.ropeScaling.type | linear",
                "heads: 4 | heads: 4, ropeScaling: {type: linear, factor: 0.5} | PLAN_VALUE | model.architecture.ropeScaling.factor | 1",
                "heads: 4 | heads: 4, ropeScaling: {type: linear, factor: 2, lowFreqFactor: 1} | PLAN_UNKNOWN_KEY | model.architecture.ropeScaling.lowFreqFactor | Take it out",
                "heads: 4 | heads: 4, ropeScaling: {type: llama3, factor: 8, highFreqFactor: 1} | PLAN_INCONSISTENT | model.architecture.ropeScaling.highFreqFactor | above lowFreqFactor",
                "family: llama | family: mamba | PLAN_VALUE | model.architecture.family | list",
                ", format: tokens-u16 | `` | PLAN_MISSING_KEY | model.tokenizer | tokenizer",
                "`  architecture` | `  base: file:a\\n  architecture` | PLAN_INCONSISTENT | model | one of them",
                "type: pretrain | type: cpt | PLAN_INCONSISTENT | stages[0].type | pretrain",
                "type: pretrain | type: pretrian | PLAN_VALUE | stages[0].type | pretrain",
                "tokens-u16}] | tokens-u16}], quality: {scorer: heuristic} | PLAN_INCONSISTENT | datasets.ids.quality.scorer | Take",
                "mix: {ids: 1} | mix: {ids: 1}, colour: red | PLAN_UNKNOWN_KEY | stages[0].phases[0].colour | Take it out"
            })
    void oneMistakeInAFreshModelIsOneProblem(
            String old, String replacement, ErrorCode code, String path, String mend) {
        String edited = Plans.SMALLEST.replace(old, replacement.translateEscapes());
        List<Problem> problems = PlanReaderTest.problems(edited);
        assertThat(problems).extracting(Problem::message).hasSize(1);
        assertThat(problems.getFirst().path()).isEqualTo(path);
        assertThat(problems.getFirst().code()).isEqualTo(code);
        assertThat(problems.getFirst().message()).contains(mend);
    }

    @Test
    void distilAndApproveAreKnownAndRefused() {
        String distil =
                Plans.javaExpert()
                        .replace(
                                "type: cpt",
                                "type: distil\n    teacher: {base: s3://models/teacher}");
        assertThat(PlanReaderTest.problems(distil))
                .extracting(Problem::code)
                .containsExactly(ErrorCode.PLAN_NOT_YET_SUPPORTED);
        String approve = Plans.javaExpert() + "  - {id: nod, type: approve}\n";
        assertThat(PlanReaderTest.problems(approve))
                .extracting(Problem::code)
                .containsExactly(ErrorCode.PLAN_NOT_YET_SUPPORTED);
    }

    @Test
    void anExportForDjlMayBeEvaluated() {
        String text =
                Plans.javaExpert() + "  - {id: again, type: evaluate, of: release, require: {}}\n";
        assertThat(PlanReaderTest.problems(text)).isEmpty();
        assertThat(PlanReaderTest.problems(text.replace("[huggingface, djl]", "[huggingface]")))
                .extracting(Problem::path)
                .containsExactly("stages[3].of");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"main", "v1.0", "refs/pr/1", "0123456789abcdef0123456789abcdef01234567"})
    void aModelOfTheHubIsABaseAndATokenizerAtAnyRevision(String revision) {
        String hub = "hf://Some-Org/a.model_1@" + revision;
        String base = Plans.javaExpert().replace("s3://models/smollm2-135m", hub);
        assertThat(base).contains(hub);
        assertThat(PlanReaderTest.problems(base)).isEmpty();
        String tokenizer =
                Plans.SMALLEST.replace(
                        "  architecture", "  tokenizer: \"" + hub + "\"\n  architecture");
        assertThat(tokenizer).contains(hub);
        assertThat(PlanReaderTest.problems(tokenizer)).isEmpty();
        assertThat(PlanReaderTest.problems(tokenizer.replace("@" + revision, "")))
                .extracting(Problem::path)
                .containsExactly("model.tokenizer");
    }

    @Test
    void aTokenizerBesideABaseIsTooMuch() {
        String text =
                Plans.javaExpert()
                        .replace("  base:", "  tokenizer: file:./tokenizer.json\n  base:");
        assertThat(PlanReaderTest.problems(text))
                .extracting(Problem::path)
                .containsExactly("model.tokenizer");
    }

    @Test
    void aQualityRampUnderFullDecayDeservesAWarning() {
        String ramp =
                Plans.javaExpert()
                        .replace("code@gold", "code@bronze")
                        .replace("mix: {code: 0.75", "mix: {\"code@gold\": 0.75");
        assertThat(warnings(ramp)).extracting(Problem::code).containsExactly(ErrorCode.PLAN_ADVICE);
        assertThat(warnings(ramp.replace("minimum: 10%", "minimum: 50%"))).isEmpty();
        assertThat(warnings(ramp.replace("warmup-stable-decay", "constant"))).isEmpty();
    }

    /// The first phase has 13 steps of 128 sequences.
    @Test
    void aShareThatIsTooSmallForASequenceDeservesAWarning() {
        String tiny =
                Plans.javaExpert()
                        .replace(
                                "{\"code@gold\": 0.75, prose: 0.25}",
                                "{\"code@gold\": 0.9999, prose: 0.01%}");
        assertThat(warnings(tiny))
                .singleElement()
                .satisfies(
                        problem -> {
                            assertThat(problem.code()).isEqualTo(ErrorCode.PLAN_ADVICE);
                            assertThat(problem.path()).isEqualTo("stages[0].phases[0].mix.prose");
                            assertThat(problem.found()).contains("0.01%", "1664 sequences");
                        });
        assertThat(warnings(tiny.replace("0.9999", "0.999").replace("0.01%", "0.1%"))).isEmpty();
        assertThat(warnings(tiny.replace("0.9999", "1").replace("0.01%", "0%"))).isEmpty();
    }

    /// Phases of 13 steps, saved every 10: the second has the checkpoint steps 20 and 26.
    @Test
    void aMeanThatWouldDependOnWhatIsLeftOutIsRefused() {
        String skip =
                Plans.javaExpert()
                        .replace("otherwise: continue", "otherwise: skip")
                        .replace("type: warmup-stable-decay", "over: phase")
                        .replace(
                                "    phases:",
                                "    averaging: {type: last, checkpoints: 3}\n    phases:");
        assertThat(warnings(skip))
                .singleElement()
                .satisfies(
                        problem -> {
                            assertThat(problem.code()).isEqualTo(ErrorCode.PLAN_INCONSISTENT);
                            assertThat(problem.path()).isEqualTo("stages[0].averaging.checkpoints");
                            assertThat(problem.found()).contains("phase long");
                        });
        assertThat(warnings(skip.replace("checkpoints: 3", "checkpoints: 2"))).isEmpty();
        assertThat(warnings(skip.replace("otherwise: skip", "otherwise: pause"))).isEmpty();
    }

    @Test
    void aFallThatTheLastPhaseMayTakeAwayDeservesAWarning() {
        String skip = Plans.javaExpert().replace("otherwise: continue", "otherwise: skip");
        assertThat(warnings(skip))
                .singleElement()
                .satisfies(
                        problem -> {
                            assertThat(problem.code()).isEqualTo(ErrorCode.PLAN_ADVICE);
                            assertThat(problem.path()).isEqualTo("stages[0].schedule.over");
                        });
        assertThat(warnings(skip.replace("warmup-stable-decay", "constant"))).isEmpty();
    }

    @Test
    void aBaseModelThatIsPublishedWithoutAnElementTypeDeservesAWarning() {
        String silent = Plans.javaExpert().replace(", dtype: bfloat16", "");
        assertThat(silent).isNotEqualTo(Plans.javaExpert());
        assertThat(warnings(silent))
                .singleElement()
                .satisfies(
                        problem -> {
                            assertThat(problem.code()).isEqualTo(ErrorCode.PLAN_ADVICE);
                            assertThat(problem.path()).isEqualTo("stages[2].dtype");
                            assertThat(problem.mend()).contains("dtype: bfloat16");
                        });
        assertThat(warnings(silent.replace("[huggingface, djl]", "[djl]"))).isEmpty();
        assertThat(warnings(Plans.javaExpert().replace("bfloat16", "float32"))).isEmpty();
        assertThat(warnings(Plans.SMALLEST + "  - {id: r, type: export, of: base}\n")).isEmpty();
    }

    @Test
    void aLlamaThatTransformers5DoesNotLoadDeservesAWarning() {
        String six = Plans.SMALLEST.replace("hiddenSize: 32", "hiddenSize: 56, headSize: 16");
        assertThat(warnings(six.replace("heads: 4", "heads: 6")))
                .singleElement()
                .satisfies(
                        problem -> {
                            assertThat(problem.code()).isEqualTo(ErrorCode.PLAN_ADVICE);
                            assertThat(problem.path()).isEqualTo("model.architecture.heads");
                            assertThat(problem.mend()).contains("transformers 5 refuses");
                        });
        assertThat(warnings(six)).isEmpty();
        assertThat(
                        warnings(
                                six.replace("heads: 4", "heads: 6")
                                        .replace("family: llama", "family: qwen3")))
                .isEmpty();
    }

    @Test
    void whatAFamilyHasNotIsRefusedInItsPlanAndWhatItHasIsTaken() {
        String scaled =
                Plans.SMALLEST.replace(
                        "hiddenSize: 32", "hiddenSize: 32, ropeScaling: {type: linear, factor: 2}");
        String windowed =
                Plans.SMALLEST.replace("hiddenSize: 32", "hiddenSize: 32, slidingWindow: 8");

        assertThat(warnings(scaled)).isEmpty();
        assertThat(warnings(scaled.replace("family: llama", "family: phi3")))
                .extracting(Problem::path)
                .containsExactly("model.architecture.ropeScaling");
        assertThat(warnings(windowed.replace("family: llama", "family: phi3"))).isEmpty();
        assertThat(warnings(windowed))
                .singleElement()
                .satisfies(problem -> assertThat(problem.expected()).isEqualTo("mistral, phi3"));
    }

    private static List<Problem> warnings(String text) {
        return PlanReader.read(text) instanceof PlanReading.Valid valid
                ? valid.warnings()
                : PlanReaderTest.problems(text);
    }
}
