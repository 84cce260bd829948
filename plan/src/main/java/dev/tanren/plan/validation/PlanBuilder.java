package dev.tanren.plan.validation;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.Dataset;
import dev.tanren.plan.ModelSource;
import dev.tanren.plan.Plan;
import dev.tanren.plan.RopeScaling;
import dev.tanren.plan.Stage;
import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.Watchdog;
import dev.tanren.plan.validation.ArchitectureKeys.RopeScalingKeys;
import dev.tanren.plan.validation.PlanKeys.CommonKeys;
import dev.tanren.plan.validation.PlanKeys.DatasetKeys;
import dev.tanren.plan.validation.PlanKeys.ModelKeys;
import dev.tanren.plan.validation.PlanKeys.QualityKeys;
import dev.tanren.plan.validation.PlanKeys.RequirementKeys;
import dev.tanren.plan.validation.PlanKeys.SourceKeys;
import dev.tanren.plan.validation.PlanKeys.StageKeys;
import dev.tanren.plan.validation.PlanKeys.TopKeys;
import dev.tanren.plan.validation.TrainingKeys.CheckpointKeys;
import dev.tanren.plan.validation.TrainingKeys.EntryKeys;
import dev.tanren.plan.validation.TrainingKeys.EvaluationKeys;
import dev.tanren.plan.validation.TrainingKeys.ParallelismKeys;
import dev.tanren.plan.validation.TrainingKeys.PhaseKeys;
import dev.tanren.plan.validation.TrainingKeys.WatchdogKeys;
import dev.tanren.plan.validation.internal.Key;
import dev.tanren.plan.validation.internal.Located;
import dev.tanren.plan.validation.internal.Section;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// Makes the records of a plan from a document without problems.
final class PlanBuilder {

    private PlanBuilder() {}

    static Plan build(Section plan) {
        return new Plan(
                plan.get(TopKeys.API_VERSION),
                plan.get(TopKeys.NAME),
                plan.get(TopKeys.SEED),
                model(plan.get(TopKeys.MODEL)),
                entries(plan.get(TopKeys.DATASETS), PlanBuilder::dataset),
                items(plan.get(TopKeys.STAGES), PlanBuilder::stage));
    }

    private static ModelSource model(Section model) {
        return model.find(ModelKeys.ARCHITECTURE)
                .<ModelSource>map(
                        section ->
                                new ModelSource.Fresh(
                                        architecture(section),
                                        model.find(ModelKeys.TOKENIZER).orElse(null)))
                .orElseGet(() -> new ModelSource.Base(model.get(ModelKeys.BASE)));
    }

    private static Architecture architecture(Section section) {
        int heads = whole(section, ArchitectureKeys.HEADS);
        return new Architecture(
                section.get(ArchitectureKeys.FAMILY),
                whole(section, ArchitectureKeys.VOCAB_SIZE),
                whole(section, ArchitectureKeys.HIDDEN_SIZE),
                whole(section, ArchitectureKeys.LAYERS),
                heads,
                section.find(ArchitectureKeys.KEY_VALUE_HEADS).map(Math::toIntExact).orElse(heads),
                whole(section, ArchitectureKeys.INTERMEDIATE_SIZE),
                section.find(ArchitectureKeys.HEAD_SIZE).map(Math::toIntExact).orElse(null),
                section.get(ArchitectureKeys.TIE_WORD_EMBEDDINGS),
                section.get(ArchitectureKeys.ROPE_THETA),
                section.get(ArchitectureKeys.NORM_EPSILON),
                whole(section, ArchitectureKeys.MAXIMUM_POSITIONS),
                section.find(ArchitectureKeys.ROPE_SCALING)
                        .map(PlanBuilder::ropeScaling)
                        .orElse(null),
                section.find(ArchitectureKeys.SLIDING_WINDOW).map(Math::toIntExact).orElse(null));
    }

    private static RopeScaling ropeScaling(Section section) {
        double factor = section.get(RopeScalingKeys.FACTOR);
        return switch (section.get(RopeScalingKeys.TYPE)) {
            case LINEAR -> new RopeScaling.Linear(factor);
            case LLAMA3 ->
                    new RopeScaling.Llama3(
                            factor,
                            section.get(RopeScalingKeys.LOW_FREQ_FACTOR),
                            section.get(RopeScalingKeys.HIGH_FREQ_FACTOR),
                            whole(section, RopeScalingKeys.ORIGINAL_MAX_POSITION_EMBEDDINGS));
        };
    }

    private static Dataset dataset(Section dataset) {
        Section quality = dataset.get(DatasetKeys.QUALITY);
        return new Dataset(
                items(dataset.get(DatasetKeys.SOURCES), PlanBuilder::source),
                new Dataset.Quality(
                        quality.get(QualityKeys.SCORER), whole(quality, QualityKeys.TIERS)),
                dataset.get(DatasetKeys.ORDER),
                dataset.get(DatasetKeys.HOLDOUT),
                dataset.get(DatasetKeys.SPECIAL_TOKENS));
    }

    private static Dataset.Source source(Section source) {
        return new Dataset.Source(
                source.get(SourceKeys.URI),
                source.find(SourceKeys.INCLUDE).orElse(null),
                source.get(SourceKeys.TEXT_FIELD),
                source.get(SourceKeys.FORMAT));
    }

    private static Stage stage(Section stage) {
        String id = stage.get(CommonKeys.ID);
        return switch (stage.get(CommonKeys.TYPE)) {
            case PRETRAIN -> training(id, TrainingStage.Type.PRETRAIN, stage);
            case CPT -> training(id, TrainingStage.Type.CPT, stage);
            case DISTIL -> training(id, TrainingStage.Type.DISTIL, stage);
            case EVALUATE ->
                    new Stage.Evaluate(
                            id,
                            stage.get(StageKeys.OF),
                            entries(stage.get(StageKeys.REQUIRE), PlanBuilder::requirement));
            case EXPORT ->
                    new Stage.Export(
                            id,
                            stage.get(StageKeys.OF),
                            items(stage.get(StageKeys.FORMATS), Function.identity()),
                            stage.get(StageKeys.DTYPE),
                            stage.get(StageKeys.WEIGHTS));
            case APPROVE -> new Stage.Approve(id);
        };
    }

    private static Stage.Requirement requirement(Section section) {
        return new Stage.Requirement(
                section.find(RequirementKeys.BELOW).orElse(null),
                section.find(RequirementKeys.ABOVE).orElse(null));
    }

    private static TrainingStage training(String id, TrainingStage.Type type, Section stage) {
        return new TrainingStage(
                id,
                type,
                OptimizationBuilder.optimizer(stage.get(TrainingKeys.OPTIMIZER)),
                OptimizationBuilder.schedule(stage.get(TrainingKeys.SCHEDULE)),
                stage.get(TrainingKeys.PRECISION),
                stage.get(TrainingKeys.ACTIVATIONS),
                stage.get(TrainingKeys.GLOBAL_BATCH_TOKENS),
                whole(stage, TrainingKeys.MICRO_BATCH),
                whole(stage, TrainingKeys.THREADS_PER_RANK),
                parallelism(stage.get(TrainingKeys.PARALLELISM)),
                items(stage.get(TrainingKeys.PHASES), PlanBuilder::phase),
                checkpointing(stage.get(TrainingKeys.CHECKPOINT)),
                stage.find(TrainingKeys.EVALUATION).map(PlanBuilder::evaluation).orElse(null),
                OptimizationBuilder.objective(stage.get(TrainingKeys.OBJECTIVE)),
                stage.find(TrainingKeys.AVERAGING).map(OptimizationBuilder::averaging).orElse(null),
                OptimizationBuilder.anomalies(stage.get(TrainingKeys.ANOMALIES)),
                watchdog(stage.get(TrainingKeys.WATCHDOG)));
    }

    private static Watchdog watchdog(Section section) {
        return section.find(WatchdogKeys.SILENCE).map(Watchdog::of).orElse(Watchdog.MEASURED);
    }

    private static TrainingStage.Parallelism parallelism(Section section) {
        int data = whole(section, ParallelismKeys.DATA);
        return new TrainingStage.Parallelism(
                data,
                section.find(ParallelismKeys.ELASTICITY).map(Math::toIntExact).orElse(data),
                section.get(ParallelismKeys.SHARDING),
                whole(section, ParallelismKeys.TENSOR),
                section.get(ParallelismKeys.SEQUENCE),
                whole(section, ParallelismKeys.PIPELINE),
                whole(section, ParallelismKeys.CONTEXT));
    }

    private static TrainingStage.Phase phase(Section section) {
        return new TrainingStage.Phase(
                section.get(PhaseKeys.ID),
                whole(section, PhaseKeys.SEQUENCE_LENGTH),
                section.get(PhaseKeys.TOKENS),
                entries(section.get(PhaseKeys.MIX), Function.identity()),
                section.find(PhaseKeys.ENTER_WHEN).map(PlanBuilder::entry).orElse(null));
    }

    private static TrainingStage.EntryCondition entry(Section section) {
        return new TrainingStage.EntryCondition(
                section.get(EntryKeys.METRIC),
                section.find(RequirementKeys.BELOW).orElse(null),
                section.find(RequirementKeys.ABOVE).orElse(null),
                section.get(EntryKeys.OTHERWISE));
    }

    private static TrainingStage.Checkpointing checkpointing(Section section) {
        return new TrainingStage.Checkpointing(
                whole(section, CheckpointKeys.EVERY_STEPS), whole(section, CheckpointKeys.KEEP));
    }

    private static TrainingStage.Evaluation evaluation(Section section) {
        return new TrainingStage.Evaluation(
                whole(section, EvaluationKeys.EVERY_STEPS),
                items(section.get(EvaluationKeys.DATASETS), Function.identity()),
                whole(section, EvaluationKeys.BLOCKS));
    }

    private static int whole(Section section, Key<Long> key) {
        return Math.toIntExact(section.get(key));
    }

    private static <E, R> List<R> items(List<Located<E>> items, Function<E, R> make) {
        return items.stream().map(item -> make.apply(item.value())).toList();
    }

    private static <E, R> Map<String, R> entries(
            Map<String, Located<E>> entries, Function<E, R> make) {
        Map<String, R> made = new LinkedHashMap<>();
        entries.forEach((name, entry) -> made.put(name, make.apply(entry.value())));
        return made;
    }
}
