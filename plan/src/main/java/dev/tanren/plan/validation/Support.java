package dev.tanren.plan.validation;

import dev.tanren.plan.TrainingStage;
import dev.tanren.plan.TrainingStage.Parallelism;
import dev.tanren.plan.validation.TrainingKeys.ParallelismKeys;
import dev.tanren.plan.validation.internal.Key;
import dev.tanren.plan.validation.internal.Singles.Choice;
import java.util.ArrayList;
import java.util.List;

/// Which settings of a stage the trainer can carry out, by the very keys that plans are read with.
public final class Support {

    private Support() {}

    /// What of the stage a plan could not ask for yet, such as `parallelism.sharding: full`; empty
    /// when all of it can run.
    public static List<String> missing(TrainingStage stage) {
        List<String> missing = new ArrayList<>();
        check(missing, "", TrainingKeys.PRECISION, Choice.word(stage.precision()));
        check(missing, "", TrainingKeys.ACTIVATIONS, Choice.word(stage.activations()));
        Parallelism mesh = stage.parallelism();
        String parent = TrainingKeys.PARALLELISM.name() + ".";
        check(missing, parent, ParallelismKeys.SHARDING, Choice.word(mesh.sharding()));
        check(missing, parent, ParallelismKeys.TENSOR, "" + mesh.tensor());
        check(missing, parent, ParallelismKeys.SEQUENCE, "" + mesh.sequence());
        check(missing, parent, ParallelismKeys.PIPELINE, "" + mesh.pipeline());
        check(missing, parent, ParallelismKeys.CONTEXT, "" + mesh.context());
        return missing;
    }

    private static void check(List<String> missing, String parent, Key<?> key, String value) {
        if (!key.now().isEmpty() && !key.now().contains(value)) {
            missing.add(parent + key.name() + ": " + value);
        }
    }
}
