package dev.tanren.trainer.model.decoder;

import dev.tanren.plan.planner.LogitsChunk;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.model.common.Projection;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;

/// Where the residual stream ends: the final norm, the projection to the vocabulary and the losses.
///
/// Logits exist for a chunk of places at a time: they are made, turned into their own gradient and
/// used up before the next chunk. So the forward makes the gradients of the projection with the
/// losses, and the backward is left with the norm.
///
/// Legend: N places, C places of a chunk, H hidden, V vocabulary.
public final class LanguageModelHead implements Segment {

    private final List<ParameterLayout.Entry> parameters;
    private final int vocabulary;
    private final int chunk;
    private final Norm norm;
    private final Projection projection;
    private final Operators operators;

    private record Kept(Matrix input_NH, Matrix statistics_NS, Matrix normedGradient_NH) {}

    /// @param parameters without a tied weight
    /// @param projection to the vocabulary; a tied one has the input embedding as its weight
    public LanguageModelHead(
            List<ParameterLayout.Entry> parameters,
            Operators operators,
            Norm norm,
            Projection projection) {
        this.parameters = List.copyOf(parameters);
        this.norm = norm;
        this.projection = projection;
        vocabulary = projection.outputs();
        chunk = LogitsChunk.places(operators.logitsAtOnce(), vocabulary);
        this.operators = operators;
    }

    @Override
    public List<ParameterLayout.Entry> parameters() {
        return parameters;
    }

    /// Fills the pass's losses, and where gradients are wanted adds to those of the projection.
    @Override
    public Matrix forward(Matrix hidden_NH, Saved saved) {
        Matrix statistics_NS = saved.keptInFp32(norm.statistics());
        Matrix normed_NH = saved.fleeting(hidden_NH.columns());
        norm.forward(hidden_NH, normed_NH, statistics_NS);
        Pass.Goal goal = saved.pass().goal();
        if (goal == null) {
            losses(normed_NH, saved.pass());
        } else {
            Matrix normedGradient_NH = saved.kept(hidden_NH.columns());
            lossesAndGradients(normed_NH, saved.pass(), goal, normedGradient_NH);
            saved.keep(new Kept(hidden_NH, statistics_NS, normedGradient_NH));
        }
        return saved.output(0);
    }

    private void losses(Matrix normed_NH, Pass pass) {
        int[] targets = pass.batch().targets();
        for (int from = 0; from < pass.places(); from += chunk) {
            int to = Math.min(pass.places(), from + chunk);
            if (counts(targets, from, to)) {
                try (PointerScope _ = new PointerScope()) {
                    Matrix logits_CV = logits(normed_NH.rows(from, to), pass);
                    operators.crossEntropy(logits_CV, targets, from, pass.losses());
                    pass.giveBack(logits_CV);
                }
            }
            pass.sign();
        }
    }

    private void lossesAndGradients(
            Matrix normed_NH, Pass pass, Pass.Goal goal, Matrix normedGradient_NH) {
        int[] targets = pass.batch().targets();
        for (int from = 0; from < pass.places(); from += chunk) {
            int to = Math.min(pass.places(), from + chunk);
            try (PointerScope _ = new PointerScope()) {
                Matrix part_CH = normed_NH.rows(from, to);
                Matrix partGradient_CH = normedGradient_NH.rows(from, to);
                if (!counts(targets, from, to)) {
                    partGradient_CH.zero();
                    continue;
                }
                Matrix logits_CV = logits(part_CH, pass);
                operators.crossEntropyAndGradient(
                        logits_CV, targets, from, pass.losses(), goal.objective(), goal.scale());
                pass.clock().backward();
                projection.inputGradient(logits_CV, partGradient_CH);
                projection.parameterGradient(logits_CV, part_CH);
                pass.clock().forward();
                pass.giveBack(logits_CV);
            }
            pass.sign();
        }
    }

    private Matrix logits(Matrix part_CH, Pass pass) {
        Matrix logits_CV = pass.lend(pass.format(), part_CH.rows(), vocabulary);
        projection.forward(part_CH, logits_CV);
        return logits_CV;
    }

    @Override
    public void backward(Matrix gradient_NH, Saved saved) {
        Kept kept = saved.values(Kept.class);
        gradient_NH.zero();
        norm.backward(kept.normedGradient_NH, kept.input_NH, kept.statistics_NS, gradient_NH);
    }

    /// Writes the logits of the places from `from` on.
    void logits(Matrix hidden_NH, Saved saved, int from, Matrix logits_PV) {
        Matrix normed_NH = saved.fleeting(hidden_NH.columns());
        norm.forward(hidden_NH, normed_NH, saved.keptInFp32(norm.statistics()));
        projection.forward(normed_NH.rows(from, normed_NH.rows()), logits_PV);
    }

    private static boolean counts(int[] targets, int from, int to) {
        for (int i = from; i < to; i++) {
            if (targets[i] != MicroBatch.IGNORED) {
                return true;
            }
        }
        return false;
    }
}
