package dev.tanren.plan.planner;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Activations;
import dev.tanren.plan.TrainingStage.Parallelism;
import dev.tanren.plan.TrainingStage.Sharding;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A stage with the settings changed that memory depends on.
final class Settings {

    private Settings() {}

    static TrainingStage microBatch(TrainingStage stage, int microBatch) {
        return with(stage, microBatch, stage.activations(), stage.parallelism());
    }

    static TrainingStage activations(TrainingStage stage, Activations activations) {
        return with(stage, stage.microBatch(), activations, stage.parallelism());
    }

    /// With no partial sums that only other numbers of ranks have use for.
    static TrainingStage inelastic(TrainingStage stage) {
        Parallelism mesh = stage.parallelism();
        return parallelism(stage, mesh.withElasticity(mesh.data()));
    }

    static TrainingStage sharding(TrainingStage stage, int data, Sharding sharding) {
        Parallelism mesh = stage.parallelism();
        return parallelism(stage, mesh.withData(data).withSharding(sharding));
    }

    static TrainingStage parallelism(TrainingStage stage, Parallelism parallelism) {
        return with(stage, stage.microBatch(), stage.activations(), parallelism);
    }

    static TrainingStage phases(TrainingStage stage, List<TrainingStage.Phase> phases) {
        return with(stage, phases, stage.microBatch(), stage.activations(), stage.parallelism());
    }

    static TrainingStage with(
            TrainingStage stage, int microBatch, Activations activations, Parallelism parallelism) {
        return with(stage, stage.phases(), microBatch, activations, parallelism);
    }

    private static TrainingStage with(
            TrainingStage stage,
            List<TrainingStage.Phase> phases,
            int microBatch,
            Activations activations,
            Parallelism parallelism) {
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
                phases,
                stage.checkpoint(),
                stage.evaluation(),
                stage.objective(),
                stage.averaging(),
                stage.anomalies(),
                stage.watchdog());
    }

    /// Whether each rank gets whole micro-batches in every phase.
    static boolean dividesBatch(TrainingStage stage) {
        long unit = (long) stage.microBatch() * stage.parallelism().data();
        return stage.phases().stream()
                .allMatch(phase -> stage.globalBatchTokens() / phase.sequenceLength() % unit == 0);
    }

    /// The keys that differ, as a plan writes them, in the order of the ladder.
    static List<Proposal.Change> changes(TrainingStage from, TrainingStage to) {
        List<Proposal.Change> changes = new ArrayList<>();
        Parallelism old = from.parallelism();
        Parallelism mesh = to.parallelism();
        if (old.elasticity() != old.data() || mesh.elasticity() != mesh.data()) {
            String elasticity = "" + mesh.elasticity();
            add(changes, "parallelism.elasticity", "" + old.elasticity(), elasticity);
        }
        add(changes, "microBatch", "" + from.microBatch(), "" + to.microBatch());
        add(changes, "activations", word(from.activations()), word(to.activations()));
        add(changes, "parallelism.data", "" + old.data(), "" + mesh.data());
        add(changes, "parallelism.sharding", word(old.sharding()), word(mesh.sharding()));
        add(changes, "parallelism.tensor", "" + old.tensor(), "" + mesh.tensor());
        add(changes, "parallelism.sequence", "" + old.sequence(), "" + mesh.sequence());
        add(changes, "parallelism.pipeline", "" + old.pipeline(), "" + mesh.pipeline());
        return changes;
    }

    private static void add(List<Proposal.Change> changes, String key, String from, String to) {
        if (!from.equals(to)) {
            changes.add(new Proposal.Change(key, from, to, Effects.of(key, to)));
        }
    }

    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
