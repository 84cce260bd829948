package dev.tanren.trainer.model.decoder;

import dev.tanren.spec.plan.Objective;
import dev.tanren.spec.planner.LogitsChunk;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.CrossEntropy;
import dev.tanren.trainer.model.common.Kernels;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Norm;
import dev.tanren.trainer.model.common.Projection;
import org.bytedeco.javacpp.PointerScope;

/// The final norm, the projection to the vocabulary and the loss.
///
/// Logits exist for a chunk of places at a time: they are made, turned into their own gradient and
/// used up before the next chunk.
///
/// Legend: N places, C places of a chunk, H hidden, V vocabulary.
public final class LanguageModelHead {

    private final int vocabulary;
    private final int chunk;
    private final Kernels kernels;
    private final Norm norm;
    private final Projection projection;
    private final CrossEntropy crossEntropy;
    private Runnable sign = () -> {};

    /// @param projection to the vocabulary; a tied one has the input embedding as its weight
    public LanguageModelHead(Kernels kernels, Norm norm, Projection projection) {
        this.kernels = kernels;
        this.norm = norm;
        this.projection = projection;
        vocabulary = projection.outputs();
        chunk = LogitsChunk.places(kernels.logitsAtOnce(), vocabulary);
        crossEntropy = kernels.crossEntropy(vocabulary);
    }

    void use(Objective objective) {
        crossEntropy.use(objective);
    }

    /// Called whenever a chunk of places is done.
    void tellSigns(Runnable sign) {
        this.sign = sign;
    }

    /// Fills `losses` for every place.
    void losses(Matrix hidden_NH, Pass pass, double[] losses) {
        Matrix normed_NH = normed(hidden_NH, pass);
        int[] targets = pass.batch().targets();
        for (int from = 0; from < pass.places(); from += chunk) {
            int to = Math.min(pass.places(), from + chunk);
            if (counts(targets, from, to)) {
                try (PointerScope _ = new PointerScope()) {
                    Matrix logits_CV = logits(normed_NH.rows(from, to), pass);
                    crossEntropy.losses(logits_CV, targets, from, losses);
                }
            }
            sign.run();
        }
    }

    /// Fills `losses`, adds to the gradients of the head's parameters and writes the gradient of
    /// the residual stream.
    ///
    /// @param scale factor of every loss in the gradient
    /// @return seconds spent on gradients, rather than on losses
    double lossesAndGradient(
            Matrix hidden_NH, Pass pass, double scale, double[] losses, Matrix gradient_NH) {
        Matrix normed_NH = normed(hidden_NH, pass);
        Matrix normedGradient_NH = pass.shared("normed.gradient", hidden_NH.columns());
        int[] targets = pass.batch().targets();
        crossEntropy.begin(pass.places());
        long backward = 0;
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
                crossEntropy.lossesAndGradient(logits_CV, targets, from, losses, scale);
                kernels.await();
                long begin = System.nanoTime();
                projection.inputGradient(logits_CV, partGradient_CH);
                projection.parameterGradient(logits_CV, part_CH);
                kernels.await();
                backward += System.nanoTime() - begin;
            }
            sign.run();
        }
        long begin = System.nanoTime();
        gradient_NH.zero();
        norm.backward(normedGradient_NH, hidden_NH, statistics(pass), gradient_NH);
        kernels.await();
        return (backward + System.nanoTime() - begin) / 1e9;
    }

    /// Sum of the z-losses of the last [#lossesAndGradient].
    double zLossSum() {
        return crossEntropy.zLossSum();
    }

    /// Writes all logits.
    void logits(Matrix hidden_NH, Pass pass, Matrix logits_NV) {
        projection.forward(normed(hidden_NH, pass), logits_NV);
    }

    /// Writes the logits of the last place.
    void lastLogits(Matrix hidden_NH, Pass pass, Matrix logits_1V) {
        int places = pass.places();
        projection.forward(normed(hidden_NH, pass).rows(places - 1, places), logits_1V);
    }

    private Matrix logits(Matrix part_CH, Pass pass) {
        String name = part_CH.rows() == chunk ? "head.logits" : "head.logits.rest";
        Matrix logits_CV =
                pass.activations().matrix(name, pass.format(), part_CH.rows(), vocabulary);
        projection.forward(part_CH, logits_CV);
        return logits_CV;
    }

    private Matrix normed(Matrix hidden_NH, Pass pass) {
        Matrix normed_NH = pass.shared("head.normed", hidden_NH.columns());
        norm.forward(hidden_NH, normed_NH, statistics(pass));
        return normed_NH;
    }

    private Matrix statistics(Pass pass) {
        return pass.sharedStatistics("head.statistics", norm.statistics());
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
