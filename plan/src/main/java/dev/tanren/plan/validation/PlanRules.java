package dev.tanren.plan.validation;

import dev.tanren.plan.Dataset;
import dev.tanren.plan.Stage;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.validation.PlanKeys.CommonKeys;
import dev.tanren.plan.validation.PlanKeys.DatasetKeys;
import dev.tanren.plan.validation.PlanKeys.ModelKeys;
import dev.tanren.plan.validation.PlanKeys.QualityKeys;
import dev.tanren.plan.validation.PlanKeys.RequirementKeys;
import dev.tanren.plan.validation.PlanKeys.SourceKeys;
import dev.tanren.plan.validation.PlanKeys.StageKeys;
import dev.tanren.plan.validation.PlanKeys.StageType;
import dev.tanren.plan.validation.PlanKeys.TopKeys;
import dev.tanren.plan.validation.TrainingKeys.EvaluationKeys;
import dev.tanren.plan.validation.internal.Located;
import dev.tanren.plan.validation.internal.Place;
import dev.tanren.plan.validation.internal.Problems;
import dev.tanren.plan.validation.internal.Section;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What must hold between the parts of a plan. Each rule looks only at parts that were valid by
/// themselves, so that no mistake is reported twice.
final class PlanRules {

    private static final List<String> MEASURED = List.of("loss", "perplexity", "forgetting");

    private final Section plan;
    private final Problems problems;
    private final Map<String, Located<Section>> datasets;

    PlanRules(Section plan, Problems problems) {
        this.plan = plan;
        this.problems = problems;
        this.datasets = plan.find(TopKeys.DATASETS).orElse(Map.of());
    }

    void check() {
        plan.find(TopKeys.MODEL).ifPresent(this::checkModel);
        datasets.forEach((name, dataset) -> checkDataset(dataset.value()));
        checkStages(plan.find(TopKeys.STAGES).orElse(List.of()));
    }

    private void checkModel(Section model) {
        boolean base = model.gives(ModelKeys.BASE);
        boolean architecture = model.gives(ModelKeys.ARCHITECTURE);
        if (base == architecture) {
            Rules.inconsistent(
                    problems,
                    model.place(),
                    base ? "base and architecture" : "neither base nor architecture",
                    "exactly one of base, architecture",
                    base ? "Take one of them out." : "Add one of them.");
        }
        model.locate(ModelKeys.BASE)
                .ifPresent(uri -> Rules.base(problems, uri.place(), uri.value()));
        model.locate(ModelKeys.TOKENIZER)
                .ifPresent(uri -> Rules.tokenizer(problems, uri.place(), uri.value()));
        if (base && !architecture && model.gives(ModelKeys.TOKENIZER)) {
            Rules.inconsistent(
                    problems,
                    model.placeOf(ModelKeys.TOKENIZER),
                    "a tokenizer beside base",
                    "the base's own tokenizer alone",
                    "Take tokenizer out: it is read from the base's directory.");
        }
        if (architecture && !model.gives(ModelKeys.TOKENIZER) && needTokenizer()) {
            problems.report(
                    ErrorCode.PLAN_MISSING_KEY,
                    model.placeOf(ModelKeys.TOKENIZER),
                    "nothing",
                    "the address of a tokenizer.json",
                    "Add tokenizer, or use only datasets of ready tokens.");
        }
        model.find(ModelKeys.ARCHITECTURE)
                .ifPresent(shape -> new ArchitectureRules(shape, problems).check());
    }

    private boolean needTokenizer() {
        return datasets.values().stream()
                .flatMap(dataset -> dataset.value().find(DatasetKeys.SOURCES).stream())
                .flatMap(List::stream)
                .flatMap(source -> source.value().find(SourceKeys.FORMAT).stream())
                .anyMatch(format -> !isTokens(format));
    }

    private static boolean isTokens(Dataset.Format format) {
        return switch (format) {
            case TOKENS_U16, TOKENS_U32 -> true;
            case AUTO, TEXT, JSONL -> false;
        };
    }

    private void checkDataset(Section dataset) {
        boolean tokens = false;
        for (Located<Section> source : dataset.find(DatasetKeys.SOURCES).orElse(List.of())) {
            source.value()
                    .locate(SourceKeys.URI)
                    .ifPresent(
                            uri -> Rules.scheme(problems, uri.place(), uri.value(), Set.of("hf")));
            tokens |=
                    source.value().find(SourceKeys.FORMAT).filter(PlanRules::isTokens).isPresent();
        }
        Optional<Section> quality = dataset.find(DatasetKeys.QUALITY);
        if (quality.isEmpty()) {
            return;
        }
        boolean scored =
                quality.get()
                        .find(QualityKeys.SCORER)
                        .filter(scorer -> scorer != Dataset.Scorer.NONE)
                        .isPresent();
        long tiers = quality.get().find(QualityKeys.TIERS).orElse(1L);
        if (tokens && scored) {
            Rules.inconsistent(
                    problems,
                    quality.get().placeOf(QualityKeys.SCORER),
                    "a scorer for ready tokens",
                    "scorer none: token files have no documents to score",
                    "Take quality out.");
        }
        if (!scored && tiers > 1 && quality.get().find(QualityKeys.SCORER).isPresent()) {
            Rules.inconsistent(
                    problems,
                    quality.get().placeOf(QualityKeys.TIERS),
                    tiers + " tiers without a scorer",
                    "a scorer that ranks the documents",
                    "Add scorer: heuristic, or take tiers out.");
        }
    }

    private void checkStages(List<Located<Section>> stages) {
        Map<String, Section> earlier = new LinkedHashMap<>();
        boolean trained = false;
        for (Located<Section> located : stages) {
            Section stage = located.value();
            checkOf(stage, earlier);
            checkRequirements(stage, trainedFor(stage, earlier));
            new ExportedSize(plan, stage, problems).check();
            if (stage.gives(TrainingKeys.OPTIMIZER) || stage.gives(TrainingKeys.PHASES)) {
                new TrainingRules(plan, stage, problems).check();
                checkPretrain(stage, trained);
                trained = true;
            }
            Optional<Located<String>> id = stage.locate(CommonKeys.ID);
            if (id.isPresent() && earlier.putIfAbsent(id.get().value(), stage) != null) {
                problems.report(
                        ErrorCode.PLAN_DUPLICATE,
                        id.get().place(),
                        "the id " + id.get().value() + " a second time",
                        "an id of its own for each stage",
                        "Rename one of the stages.");
            }
        }
    }

    private void checkPretrain(Section stage, boolean trained) {
        boolean fresh =
                plan.find(TopKeys.MODEL).filter(model -> !model.gives(ModelKeys.BASE)).isPresent();
        if (stage.find(CommonKeys.TYPE).filter(StageType.CPT::equals).isPresent()
                && fresh
                && !trained) {
            Rules.inconsistent(
                    problems,
                    stage.placeOf(CommonKeys.TYPE),
                    "cpt of fresh weights",
                    "pretrain, which starts from fresh weights",
                    "Use type: pretrain, or start from a base.");
        }
    }

    private void checkOf(Section stage, Map<String, Section> earlier) {
        Optional<Located<String>> of = stage.locate(StageKeys.OF);
        if (of.isEmpty()) {
            return;
        }
        boolean evaluates =
                stage.find(CommonKeys.TYPE).filter(StageType.EVALUATE::equals).isPresent();
        Set<String> fitting = new LinkedHashSet<>();
        earlier.forEach(
                (id, other) -> {
                    if (isTraining(other) || (evaluates && exportsForDjl(other))) {
                        fitting.add(id);
                    }
                });
        Rules.reference(
                problems,
                of.get().place(),
                evaluates
                        ? "an earlier training stage or export with djl"
                        : "an earlier training stage",
                of.get().value(),
                fitting);
        checkWeights(stage, earlier.get(of.get().value()));
    }

    private void checkWeights(Section stage, @Nullable Section trained) {
        if (trained != null
                && stage.find(StageKeys.WEIGHTS)
                        .filter(Stage.ExportedWeights.AVERAGED::equals)
                        .isPresent()
                && trained.gives(TrainingKeys.PHASES)
                && !trained.gives(TrainingKeys.AVERAGING)) {
            Rules.inconsistent(
                    problems,
                    stage.placeOf(StageKeys.WEIGHTS),
                    "averaged weights of a stage without averaging",
                    "trained, or a stage with averaging",
                    "Give the training stage averaging, or export its trained weights.");
        }
    }

    /// A stage whose type is unknown counts as one: that mistake is reported by itself.
    private static boolean isTraining(Section stage) {
        return stage.find(CommonKeys.TYPE)
                .map(
                        type ->
                                switch (type) {
                                    case PRETRAIN, CPT, DISTIL -> true;
                                    case EVALUATE, EXPORT, APPROVE -> false;
                                })
                .orElse(true);
    }

    private static boolean exportsForDjl(Section stage) {
        return stage.find(StageKeys.FORMATS).orElse(List.of()).stream()
                .anyMatch(format -> format.value() == Stage.Format.DJL);
    }

    /// The training stage whose weights another stage measures; empty where none can be told, which
    /// is reported by itself.
    private static Optional<Section> trainedFor(Section stage, Map<String, Section> earlier) {
        return stage.find(StageKeys.OF)
                .flatMap(id -> Optional.ofNullable(earlier.get(id)))
                .flatMap(
                        of ->
                                of.gives(StageKeys.OF)
                                        ? of.find(StageKeys.OF).map(earlier::get)
                                        : Optional.of(of))
                .filter(PlanRules::isTraining);
    }

    private void checkRequirements(Section stage, Optional<Section> trained) {
        stage.find(StageKeys.REQUIRE)
                .orElse(Map.of())
                .forEach(
                        (metric, requirement) -> {
                            Rules.metric(
                                    problems,
                                    requirement.place(),
                                    metric,
                                    datasets.keySet(),
                                    MEASURED);
                            checkMeasured(requirement.place(), metric, trained);
                            checkBounds(requirement.value(), problems);
                        });
        checkFormats(stage.find(StageKeys.FORMATS).orElse(List.of()));
    }

    /// A metric that no stage can measure fails the plan at its end; it is better told before.
    private void checkMeasured(Place place, String metric, Optional<Section> trained) {
        int dot = metric.indexOf('.');
        Located<Section> dataset = dot < 0 ? null : datasets.get(metric.substring(0, dot));
        if (dataset == null) {
            return;
        }
        String name = metric.substring(0, dot);
        boolean nothing =
                dataset.value().find(DatasetKeys.HOLDOUT).filter(share -> share == 0).isPresent();
        if (nothing) {
            Rules.inconsistent(
                    problems,
                    place,
                    "the dataset " + name + " with holdout 0",
                    "a dataset of which something is kept out of training",
                    "Give it a holdout such as 2%.");
        } else if (metric.endsWith(".forgetting")
                && trained.isPresent()
                && !evaluated(trained.get(), name)) {
            Rules.inconsistent(
                    problems,
                    place,
                    "forgetting of " + name + ", which the training stage does not evaluate",
                    "a dataset of its evaluation: forgetting compares with the state before it",
                    "Add " + name + " to evaluation.datasets of the training stage.");
        }
    }

    /// Also where a mistake in its evaluation is reported by itself.
    private boolean evaluated(Section trained, String dataset) {
        if (!trained.gives(TrainingKeys.EVALUATION)) {
            return false;
        }
        List<String> names =
                trained
                        .find(TrainingKeys.EVALUATION)
                        .flatMap(evaluation -> evaluation.find(EvaluationKeys.DATASETS))
                        .orElse(List.of())
                        .stream()
                        .map(Located::value)
                        .toList();
        boolean mistaken =
                names.isEmpty()
                        || !datasets.keySet().containsAll(names)
                        || Set.copyOf(names).size() < names.size();
        return mistaken || names.contains(dataset);
    }

    private void checkFormats(List<Located<Stage.Format>> formats) {
        Set<Stage.Format> seen = new LinkedHashSet<>();
        for (Located<Stage.Format> format : formats) {
            if (!seen.add(format.value())) {
                problems.report(
                        ErrorCode.PLAN_DUPLICATE,
                        format.place(),
                        "a format a second time",
                        "each format once",
                        "Keep one of them.");
            }
        }
    }

    static void checkBounds(Section bounds, Problems problems) {
        Optional<Double> below = bounds.find(RequirementKeys.BELOW);
        Optional<Double> above = bounds.find(RequirementKeys.ABOVE);
        if (!bounds.gives(RequirementKeys.BELOW) && !bounds.gives(RequirementKeys.ABOVE)) {
            problems.report(
                    ErrorCode.PLAN_MISSING_KEY,
                    bounds.place(),
                    "no bound",
                    "below or above",
                    "Add at least one of them.");
        } else if (below.isPresent() && above.isPresent() && below.get() <= above.get()) {
            Rules.inconsistent(
                    problems,
                    bounds.place(),
                    "below " + below.get() + " and above " + above.get(),
                    "bounds with something between them",
                    "Swap them or take one out.");
        }
    }
}
