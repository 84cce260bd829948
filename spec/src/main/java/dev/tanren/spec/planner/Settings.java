package dev.tanren.spec.planner;

import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.spec.plan.TrainingStage.Activations;
import dev.tanren.spec.plan.TrainingStage.Parallelism;
import dev.tanren.spec.plan.TrainingStage.Sharding;

/// A stage with one setting changed.
final class Settings {

    private Settings() {}

    static TrainingStage microBatch(TrainingStage stage, int microBatch) {
        return with(stage, microBatch, stage.activations(), stage.parallelism());
    }

    static TrainingStage activations(TrainingStage stage, Activations activations) {
        return with(stage, stage.microBatch(), activations, stage.parallelism());
    }

    static TrainingStage sharding(TrainingStage stage, Sharding sharding) {
        Parallelism mesh = stage.parallelism();
        return parallelism(
                stage,
                new Parallelism(
                        mesh.data(),
                        sharding,
                        mesh.tensor(),
                        mesh.sequence(),
                        mesh.pipeline(),
                        mesh.context()));
    }

    static TrainingStage parallelism(TrainingStage stage, Parallelism parallelism) {
        return with(stage, stage.microBatch(), stage.activations(), parallelism);
    }

    private static TrainingStage with(
            TrainingStage stage, int microBatch, Activations activations, Parallelism parallelism) {
        return new TrainingStage(
                stage.id(),
                stage.type(),
                stage.optimizer(),
                stage.schedule(),
                stage.precision(),
                activations,
                stage.globalBatchTokens(),
                microBatch,
                stage.threadsPerRank(),
                parallelism,
                stage.phases(),
                stage.checkpoint(),
                stage.evaluation(),
                stage.objective(),
                stage.averaging(),
                stage.anomalies());
    }
}
