package dev.tanren.plan.validation;

import dev.tanren.plan.Dataset;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.units.TokenCount;
import dev.tanren.plan.validation.PlanKeys.DatasetKeys;
import dev.tanren.plan.validation.PlanKeys.ModelKeys;
import dev.tanren.plan.validation.PlanKeys.TopKeys;
import dev.tanren.plan.validation.TrainingKeys.EntryKeys;
import dev.tanren.plan.validation.TrainingKeys.EvaluationKeys;
import dev.tanren.plan.validation.TrainingKeys.ParallelismKeys;
import dev.tanren.plan.validation.TrainingKeys.PhaseKeys;
import dev.tanren.plan.validation.internal.Located;
import dev.tanren.plan.validation.internal.Problems;
import dev.tanren.plan.validation.internal.Section;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// What must hold inside a training stage, and between it and the data.
final class TrainingRules {

    private static final List<String> WATCHED = List.of("loss", "perplexity");

    private final Section stage;
    private final Problems problems;
    private final Map<String, Located<Section>> datasets;
    private final Optional<Long> maximumPositions;

    TrainingRules(Section plan, Section stage, Problems problems) {
        this.stage = stage;
        this.problems = problems;
        this.datasets = plan.find(TopKeys.DATASETS).orElse(Map.of());
        this.maximumPositions =
                plan.find(TopKeys.MODEL)
                        .flatMap(model -> model.find(ModelKeys.ARCHITECTURE))
                        .flatMap(shape -> shape.find(ArchitectureKeys.MAXIMUM_POSITIONS));
    }

    void check() {
        List<Located<Section>> phases = stage.find(TrainingKeys.PHASES).orElse(List.of());
        checkRanks();
        checkElasticity();
        new OptimizationRules(stage, problems).check();
        Set<String> evaluated = checkEvaluation();
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < phases.size(); i++) {
            Section phase = phases.get(i).value();
            checkPhase(phase, ids);
            int index = i;
            phase.find(PhaseKeys.ENTER_WHEN).ifPresent(when -> checkEntry(when, index, evaluated));
        }
        checkBatch(phases);
        new QualityRamp(stage, problems).check();
        new SmallShares(stage, problems).check();
        new SkippablePhases(stage, problems).check();
    }

    private void checkRanks() {
        stage.find(TrainingKeys.PARALLELISM)
                .flatMap(section -> section.locate(ParallelismKeys.DATA))
                .filter(data -> Long.bitCount(data.value()) != 1)
                .ifPresent(
                        data -> {
                            long below = Long.highestOneBit(data.value());
                            problems.report(
                                    ErrorCode.PLAN_NOT_YET_SUPPORTED,
                                    data.place(),
                                    data.value() + " data ranks",
                                    "a power of two",
                                    "Use what works now: " + below + " or " + 2 * below + ".");
                        });
    }

    private void checkElasticity() {
        Optional<Section> section = stage.find(TrainingKeys.PARALLELISM);
        long data = section.flatMap(it -> it.find(ParallelismKeys.DATA)).orElse(1L);
        section.flatMap(it -> it.locate(ParallelismKeys.ELASTICITY))
                .filter(ranks -> Long.bitCount(ranks.value()) != 1 || ranks.value() < data)
                .ifPresent(
                        ranks ->
                                Rules.inconsistent(
                                        problems,
                                        ranks.place(),
                                        "an elasticity of " + ranks.value(),
                                        "a power of two from " + data + " (data) on",
                                        "Use the most data ranks that the stage is to have the same"
                                                + " bits on."));
    }

    private Set<String> checkEvaluation() {
        Set<String> evaluated = new LinkedHashSet<>();
        List<Located<String>> names =
                stage.find(TrainingKeys.EVALUATION)
                        .flatMap(section -> section.find(EvaluationKeys.DATASETS))
                        .orElse(List.of());
        for (Located<String> name : names) {
            Rules.reference(problems, name.place(), "a dataset", name.value(), datasets.keySet());
            if (!evaluated.add(name.value())) {
                problems.report(
                        ErrorCode.PLAN_DUPLICATE,
                        name.place(),
                        "the dataset " + name.value() + " a second time",
                        "each dataset once",
                        "Keep one of them.");
            }
            Optional.ofNullable(datasets.get(name.value()))
                    .flatMap(dataset -> dataset.value().find(DatasetKeys.HOLDOUT))
                    .filter(holdout -> holdout == 0)
                    .ifPresent(
                            holdout ->
                                    Rules.inconsistent(
                                            problems,
                                            name.place(),
                                            "the dataset " + name.value() + " with holdout 0",
                                            "a dataset of which something is kept out of training",
                                            "Give it a holdout such as 2%."));
        }
        return evaluated;
    }

    private void checkPhase(Section phase, Set<String> ids) {
        Optional<Located<String>> id = phase.locate(PhaseKeys.ID);
        if (id.isPresent() && !ids.add(id.get().value())) {
            problems.report(
                    ErrorCode.PLAN_DUPLICATE,
                    id.get().place(),
                    "the id " + id.get().value() + " a second time",
                    "an id of its own for each phase",
                    "Rename one of the phases.");
        }
        Optional<Located<Long>> length = phase.locate(PhaseKeys.SEQUENCE_LENGTH);
        if (length.isPresent()
                && maximumPositions.isPresent()
                && length.get().value() > maximumPositions.get()) {
            Rules.inconsistent(
                    problems,
                    length.get().place(),
                    "sequences of " + length.get().value() + " tokens",
                    "at most maximumPositions, " + maximumPositions.get(),
                    "Shorten the sequences, or raise architecture.maximumPositions.");
        }
        checkMix(phase);
    }

    private void checkMix(Section phase) {
        Optional<Map<String, Located<Double>>> mix = phase.find(PhaseKeys.MIX);
        if (mix.isEmpty()) {
            return;
        }
        boolean complete = !problems.touch(phase.placeOf(PhaseKeys.MIX).path());
        double sum = 0;
        for (Map.Entry<String, Located<Double>> entry : mix.get().entrySet()) {
            sum += entry.getValue().value();
            checkMember(entry.getKey(), entry.getValue());
        }
        if (complete && Math.abs(sum - 1) > 1e-6) {
            Rules.inconsistent(
                    problems,
                    phase.placeOf(PhaseKeys.MIX),
                    "shares that add up to " + Math.round(sum * 1e6) / 1e6,
                    "shares that add up to 1",
                    "Change them so that they do.");
        }
    }

    private void checkMember(String name, Located<Double> weight) {
        int at = name.indexOf('@');
        String dataset = at < 0 ? name : name.substring(0, at);
        Rules.reference(problems, weight.place(), "a dataset", dataset, datasets.keySet());
        Optional<Long> tiers =
                Optional.ofNullable(datasets.get(dataset))
                        .flatMap(located -> located.value().find(DatasetKeys.QUALITY))
                        .flatMap(quality -> quality.find(PlanKeys.QualityKeys.TIERS));
        if (at >= 0 && tiers.isPresent()) {
            List<String> known =
                    List.of(Dataset.Tier.values()).subList(0, Math.toIntExact(tiers.get())).stream()
                            .map(Dataset.Tier::key)
                            .toList();
            Rules.reference(
                    problems,
                    weight.place(),
                    "a tier of " + dataset,
                    name.substring(at + 1),
                    known);
        }
    }

    private void checkEntry(Section when, int index, Set<String> evaluated) {
        PlanRules.checkBounds(when, problems);
        when.locate(EntryKeys.METRIC)
                .ifPresent(
                        metric ->
                                Rules.metric(
                                        problems,
                                        metric.place(),
                                        metric.value(),
                                        evaluated,
                                        WATCHED));
        if (index == 0) {
            Rules.inconsistent(
                    problems,
                    when.place(),
                    "a condition on the first phase",
                    "conditions on later phases: they look at the phase before",
                    "Take enterWhen out.");
        }
    }

    /// Every step takes whole micro-batches on every rank, in every phase.
    private void checkBatch(List<Located<Section>> phases) {
        Optional<Located<Long>> batch = stage.locate(TrainingKeys.GLOBAL_BATCH_TOKENS);
        Optional<Long> micro = stage.find(TrainingKeys.MICRO_BATCH);
        Optional<Long> data =
                stage.find(TrainingKeys.PARALLELISM)
                        .flatMap(section -> section.find(ParallelismKeys.DATA))
                        .filter(ranks -> Long.bitCount(ranks) == 1);
        if (batch.isEmpty() || micro.isEmpty() || data.isEmpty()) {
            return;
        }
        long unit = 1;
        for (Located<Section> phase : phases) {
            long length = phase.value().find(PhaseKeys.SEQUENCE_LENGTH).orElse(1L);
            unit = commonMultiple(unit, length * micro.get() * data.get());
        }
        long tokens = batch.get().value();
        if (tokens % unit != 0) {
            Rules.inconsistent(
                    problems,
                    batch.get().place(),
                    tokens + " tokens",
                    "a multiple of "
                            + unit
                            + " (sequenceLength × microBatch × data ranks, for every phase)",
                    "Use " + nearestMultiples(tokens, unit) + ".");
        }
    }

    private static String nearestMultiples(long tokens, long unit) {
        long below = tokens / unit * unit;
        Supplier<String> above = () -> written(below + unit);
        return below == 0 ? above.get() : written(below) + " or " + above.get();
    }

    private static String written(long tokens) {
        String shortest = new TokenCount(tokens).toString();
        return shortest.equals("" + tokens) ? shortest : tokens + " (" + shortest + ")";
    }

    /// At most 2^60: far above any batch, far below overflow.
    private static long commonMultiple(long a, long b) {
        long divisor = a;
        long rest = b;
        while (rest != 0) {
            long next = divisor % rest;
            divisor = rest;
            rest = next;
        }
        long factor = b / divisor;
        return a > (1L << 60) / factor ? 1L << 60 : a * factor;
    }
}
