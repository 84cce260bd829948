package dev.tanren.plan.validation;

import dev.tanren.plan.Dataset;
import dev.tanren.plan.ElementType;
import dev.tanren.plan.Stage;
import dev.tanren.plan.validation.internal.Key;
import dev.tanren.plan.validation.internal.Kind;
import dev.tanren.plan.validation.internal.Located;
import dev.tanren.plan.validation.internal.Section;
import dev.tanren.plan.validation.internal.Shape;
import dev.tanren.plan.validation.internal.Singles.Choice;
import dev.tanren.plan.validation.internal.Singles.PathPattern;
import dev.tanren.plan.validation.internal.Singles.Share;
import dev.tanren.plan.validation.internal.Singles.Text;
import dev.tanren.plan.validation.internal.Singles.Whole;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Every key of a plan outside its training stages, once: the reader, the JSON Schema and
/// `docs/plan.md` come from here, and so do all defaults.
final class PlanKeys {

    static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    static final String NAMING =
            "a name of lower-case letters, digits and inner hyphens, at most 63 characters";
    static final Text NAME_TEXT = new Text(NAMING, NAME);
    static final Text ADDRESS =
            new Text("an address such as file:./folder or s3://bucket/path", null);
    static final Pattern ANY = Pattern.compile("[\\s\\S]+");

    private PlanKeys() {}

    static final class ModelKeys {
        static final Key<String> BASE =
                Key.optional(
                        "base",
                        ADDRESS,
                        "Hugging Face directory to start from: `file:`, `s3:`, `hf://org/name@revision`"
                                + " where the workers may use the Hub, or `run:<id>/<stage>`, which an"
                                + " export stage of that run published");
        static final Key<Section> ARCHITECTURE =
                Key.optional(
                        "architecture",
                        new Kind.Fields(ArchitectureKeys.SHAPE),
                        "shape of a model with fresh weights");
        static final Key<String> TOKENIZER =
                Key.optional(
                        "tokenizer",
                        ADDRESS,
                        "Hugging Face `tokenizer.json`, or a model that has one: `file:`, `s3:` or"
                                + " `hf://org/name@revision`; needed with `architecture`"
                                + " unless every dataset holds ready tokens");
        static final Shape SHAPE =
                Shape.of(
                        "model",
                        "Where the first stage's weights come from: exactly one of `base` and"
                                + " `architecture`.",
                        BASE,
                        ARCHITECTURE,
                        TOKENIZER);

        private ModelKeys() {}
    }

    static final class SourceKeys {
        static final Key<String> URI =
                Key.required("uri", ADDRESS, "file or folder, `file:` or `s3:`");
        static final Key<String> INCLUDE =
                Key.optional(
                        "include",
                        new PathPattern("a glob such as **/*.java"),
                        "glob below `uri`; every file when absent");
        static final Key<String> TEXT_FIELD =
                Key.withDefault(
                        "textField",
                        new Text("the name of a JSON field", null),
                        "text",
                        "field of a JSON line that holds the text");
        static final Key<Dataset.Format> FORMAT =
                Key.withDefault(
                        "format",
                        new Choice<>(Dataset.Format.class),
                        "auto",
                        "how the bytes are read, packed by gzip or zstd or not; `auto` goes by the"
                                + " file's name and, where that does not tell, by how it begins: JSON"
                                + " lines, or else one document a file");
        static final Shape SHAPE =
                Shape.of(
                        "source",
                        "A place that documents come from.",
                        URI,
                        INCLUDE,
                        TEXT_FIELD,
                        FORMAT);

        private SourceKeys() {}
    }

    static final class QualityKeys {
        static final Key<Dataset.Scorer> SCORER =
                Key.withDefault(
                        "scorer",
                        new Choice<>(Dataset.Scorer.class),
                        "none",
                        "how documents are scored");
        static final Key<Long> TIERS =
                Key.withDefault(
                        "tiers",
                        new Whole(1, 3),
                        "1",
                        "equally large tiers that documents are ranked into: gold, silver, bronze");
        static final Shape SHAPE =
                Shape.of("quality", "How good the documents are.", SCORER, TIERS);

        private QualityKeys() {}
    }

    static final class DatasetKeys {
        static final Key<List<Located<Section>>> SOURCES =
                Key.required(
                        "sources",
                        new Kind.Items<>(new Kind.Fields(SourceKeys.SHAPE), 1, 1000),
                        "where the documents come from");
        static final Key<Section> QUALITY =
                Key.withDefault(
                        "quality", new Kind.Fields(QualityKeys.SHAPE), "{}", "scoring and tiers");
        static final Key<Dataset.Order> ORDER =
                Key.withDefault(
                        "order",
                        new Choice<>(Dataset.Order.class),
                        "shuffled",
                        "order in which blocks are trained on");
        static final Key<Double> HOLDOUT =
                Key.withDefault(
                        "holdout",
                        new Share(0, 0.5),
                        "2%",
                        "share of the documents kept out of training, to evaluate on");
        static final Key<Dataset.SpecialTokens> SPECIAL_TOKENS =
                Key.withDefault(
                        "specialTokens",
                        new Choice<>(Dataset.SpecialTokens.class),
                        "text",
                        "what becomes of a text that spells a special token such as"
                                + " `<|endoftext|>`: `text` keeps it text, `parse` makes it that token");
        static final Shape SHAPE =
                Shape.of(
                        "dataset",
                        "A named collection of documents or of ready tokens.",
                        SOURCES,
                        QUALITY,
                        ORDER,
                        HOLDOUT,
                        SPECIAL_TOKENS);

        private DatasetKeys() {}
    }

    static final class RequirementKeys {
        static final Share BOUND = new Share(-1e9, 1e9);
        static final Key<Double> BELOW =
                Key.optional("below", BOUND, "the metric must be below this");
        static final Key<Double> ABOVE =
                Key.optional("above", BOUND, "the metric must be above this");
        static final Shape SHAPE =
                Shape.of("requirement", "Bounds of a metric; at least one.", BELOW, ABOVE);

        private RequirementKeys() {}
    }

    enum StageType {
        PRETRAIN,
        CPT,
        DISTIL,
        EVALUATE,
        EXPORT,
        APPROVE
    }

    /// Apart from [StageKeys], because training stages need them before the kinds of stages exist.
    static final class CommonKeys {
        static final Key<String> ID =
                Key.required("id", NAME_TEXT, "name of the stage, unique in the plan");
        static final Key<StageType> TYPE =
                Key.required("type", new Choice<>(StageType.class), "what the stage does")
                        .now("pretrain", "cpt", "evaluate", "export");
        static final Shape SHAPE = Shape.of("stage", "One step of a plan.", ID, TYPE);

        private CommonKeys() {}
    }

    static final class StageKeys {
        static final Key<String> OF =
                Key.required("of", NAME_TEXT, "the earlier stage whose model is meant");
        static final Key<Map<String, Located<Section>>> REQUIRE =
                Key.withDefault(
                        "require",
                        new Kind.Entries<>(
                                new Kind.Fields(RequirementKeys.SHAPE),
                                ANY,
                                "the name of a metric",
                                0),
                        "{}",
                        "bounds by metric: `<dataset>.loss`, `<dataset>.perplexity` or"
                                + " `<dataset>.forgetting` (relative rise of perplexity, at one sequence length, against the state before"
                                + " the training stage); the plan stops when one does not hold");
        static final Key<List<Located<Stage.Format>>> FORMATS =
                Key.withDefault(
                        "formats",
                        new Kind.Items<>(new Choice<>(Stage.Format.class), 1, 2),
                        "[huggingface]",
                        "what is published: a Hugging Face directory, a bundle for DJL");
        static final Key<ElementType> DTYPE =
                Key.withDefault(
                        "dtype",
                        new Choice<>(ElementType.class),
                        "float32",
                        "what the weights of the Hugging Face directory are stored as; training has"
                                + " them as float32");
        static final Key<Stage.ExportedWeights> WEIGHTS =
                Key.withDefault(
                        "weights",
                        new Choice<>(Stage.ExportedWeights.class),
                        "trained",
                        "whether the weights after the last step are published or their mean, which"
                                + " a training stage with `averaging` keeps");
        static final Shape EVALUATE =
                CommonKeys.SHAPE.and(
                        "evaluate",
                        "Measures a model in the inference runtime and stops the plan when a"
                                + " requirement does not hold.",
                        OF,
                        REQUIRE);
        static final Shape EXPORT =
                CommonKeys.SHAPE.and(
                        "export",
                        "Publishes the weights of a training stage.",
                        OF,
                        FORMATS,
                        DTYPE,
                        WEIGHTS);
        static final Shape APPROVE = CommonKeys.SHAPE.and("approve", "Waits for a person.");
        static final Kind.Variants KIND =
                new Kind.Variants(CommonKeys.TYPE, shapes(), CommonKeys.SHAPE);

        private StageKeys() {}

        private static Map<String, Shape> shapes() {
            Map<String, Shape> shapes = new LinkedHashMap<>();
            shapes.put("pretrain", TrainingKeys.PRETRAIN);
            shapes.put("cpt", TrainingKeys.CPT);
            shapes.put("distil", TrainingKeys.DISTIL);
            shapes.put("evaluate", EVALUATE);
            shapes.put("export", EXPORT);
            shapes.put("approve", APPROVE);
            return shapes;
        }
    }

    static final class TopKeys {
        static final Key<String> API_VERSION =
                Key.required(
                        "apiVersion",
                        new Text("tanren.dev/v1", Pattern.compile("tanren\\.dev/v1")),
                        "version of this language: `tanren.dev/v1`");
        static final Key<String> NAME =
                Key.required(
                        "name", NAME_TEXT, "name of the plan, also of the model that is exported");
        static final Key<Long> SEED =
                Key.withDefault(
                        "seed",
                        new Whole(0, Long.MAX_VALUE),
                        "0",
                        "decides initial weights and data order");
        static final Key<Section> MODEL =
                Key.required("model", new Kind.Fields(ModelKeys.SHAPE), "the model to start from");
        static final Key<Map<String, Located<Section>>> DATASETS =
                Key.required(
                        "datasets",
                        new Kind.Entries<>(
                                new Kind.Fields(DatasetKeys.SHAPE), PlanKeys.NAME, NAMING, 1),
                        "the data, by name");
        static final Key<List<Located<Section>>> STAGES =
                Key.required(
                        "stages",
                        new Kind.Items<>(StageKeys.KIND, 1, 100),
                        "steps, in the order they run");
        static final Shape SHAPE =
                Shape.of(
                        "plan",
                        "A model, data, and the stages that lead from one to the other.",
                        API_VERSION,
                        NAME,
                        SEED,
                        MODEL,
                        DATASETS,
                        STAGES);

        private TopKeys() {}
    }
}
