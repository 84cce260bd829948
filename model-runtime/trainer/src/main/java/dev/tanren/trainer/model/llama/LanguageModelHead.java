package dev.tanren.trainer.model.llama;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.CrossEntropy;
import dev.tanren.trainer.model.common.Linear;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Parameter;
import dev.tanren.trainer.model.common.ParameterSet;
import dev.tanren.trainer.model.common.RmsNorm;
import org.bytedeco.javacpp.PointerScope;

/// The final norm, the projection to the vocabulary and the loss.
///
/// Logits exist for a chunk of places at a time: they are made, turned into their own gradient and
/// used up before the next chunk.
///
/// Legend: N places, C places of a chunk, H hidden, V vocabulary.
final class LanguageModelHead {

    /// Logits of one chunk, in elements: 8 MiB, so that they stay in the last-level cache.
    private static final int CHUNK_ELEMENTS = 1 << 21;

    private final int vocabulary;
    private final RmsNorm norm;
    private final CrossEntropy crossEntropy;
    private final Parameter normGain_1H;
    private final Parameter weight_VH;

    LanguageModelHead(Architecture architecture, ParameterSet parameters) {
        vocabulary = architecture.vocabSize();
        norm = new RmsNorm(architecture.hiddenSize(), architecture.rmsNormEpsilon());
        crossEntropy = new CrossEntropy(vocabulary);
        normGain_1H = parameters.get(LlamaParameters.FINAL_NORM);
        weight_VH =
                parameters.get(
                        architecture.tieWordEmbeddings()
                                ? LlamaParameters.EMBEDDING
                                : LlamaParameters.HEAD);
    }

    /// Fills `losses` for every place.
    void losses(Matrix hidden_NH, Pass pass, double[] losses) {
        Matrix normed_NH = normed(hidden_NH, pass);
        int[] targets = pass.batch().targets();
        for (int from = 0; from < pass.places(); from += chunk()) {
            int to = Math.min(pass.places(), from + chunk());
            if (counts(targets, from, to)) {
                try (PointerScope _ = new PointerScope()) {
                    Matrix logits_CV = logits(normed_NH.rows(from, to), pass);
                    crossEntropy.losses(logits_CV, targets, from, losses);
                }
            }
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
        Matrix normedGradient_NH =
                pass.activations().matrix("normed.gradient", pass.places(), hidden_NH.columns());
        int[] targets = pass.batch().targets();
        long backward = 0;
        for (int from = 0; from < pass.places(); from += chunk()) {
            int to = Math.min(pass.places(), from + chunk());
            try (PointerScope _ = new PointerScope()) {
                Matrix part_CH = normed_NH.rows(from, to);
                Matrix partGradient_CH = normedGradient_NH.rows(from, to);
                if (!counts(targets, from, to)) {
                    partGradient_CH.segment().fill((byte) 0);
                    continue;
                }
                Matrix logits_CV = logits(part_CH, pass);
                crossEntropy.lossesAndGradient(logits_CV, targets, from, losses, scale);
                long begin = System.nanoTime();
                Linear.inputGradient(logits_CV, weight_VH.weight(), partGradient_CH);
                Linear.weightGradient(logits_CV, part_CH, weight_VH.gradient());
                backward += System.nanoTime() - begin;
            }
        }
        long begin = System.nanoTime();
        gradient_NH.segment().fill((byte) 0);
        norm.backward(normedGradient_NH, hidden_NH, inverse(pass), normGain_1H, gradient_NH);
        return (backward + System.nanoTime() - begin) / 1e9;
    }

    /// Writes all logits.
    void logits(Matrix hidden_NH, Pass pass, Matrix logits_NV) {
        Linear.forward(normed(hidden_NH, pass), weight_VH.weight(), logits_NV);
    }

    private Matrix logits(Matrix part_CH, Pass pass) {
        String name = part_CH.rows() == chunk() ? "head.logits" : "head.logits.rest";
        Matrix logits_CV = pass.activations().matrix(name, part_CH.rows(), vocabulary);
        Linear.forward(part_CH, weight_VH.weight(), logits_CV);
        return logits_CV;
    }

    private Matrix normed(Matrix hidden_NH, Pass pass) {
        Matrix normed_NH =
                pass.activations().matrix("head.normed", pass.places(), hidden_NH.columns());
        norm.forward(hidden_NH, normGain_1H.weight(), normed_NH, inverse(pass));
        return normed_NH;
    }

    private static Matrix inverse(Pass pass) {
        return pass.activations().matrix("head.inverse", pass.places(), 1);
    }

    private int chunk() {
        return Math.max(16, CHUNK_ELEMENTS / vocabulary);
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
