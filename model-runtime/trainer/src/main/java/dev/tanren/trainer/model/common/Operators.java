package dev.tanren.trainer.model.common;

import dev.tanren.plan.Objective;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.Format;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// What a decoder computes beside matrix products and attention, as plain functions: by Java loops
/// in the host's memory, or by libtorch's operations on any device.
///
/// Functions write where their last arguments say. What they read and write is the memory of one
/// kind of operators, in the format of the stream; statistics, gains, biases and gradients of
/// parameters are fp32. Sums have an order that does not change, so the same inputs give the same
/// bits. A backward adds to gradients of parameters.
///
/// Legend: N places, H hidden, O outputs, I intermediate, W all heads side by side (queries, keys,
/// values), R queries and keys, A their number, D head size, V rows of a table or vocabulary, C
/// rows of a chunk.
public interface Operators {

    /// Takes memory for a matrix, whose contents are undefined.
    OwnedMatrix allocate(Format format, int rows, int columns);

    /// A matrix with the memory it lies in.
    interface OwnedMatrix extends AutoCloseable {

        Matrix matrix();

        /// Frees the memory.
        @Override
        void close();
    }

    /// How many logits are made at once, so that those of a whole batch never are.
    int logitsAtOnce();

    /// Whether Java loops, and optimizers, see the memory.
    boolean inHostMemory();

    /// Copies weights from an element on into a matrix, rounded to its format.
    void copyWeights(FlatBuffer weights, long from, Matrix copy);

    /// Waits until everything that was asked for is computed.
    void await();

    /// `gradient += left · right`, in fp32.
    ///
    /// @param format of left and right
    void addProduct(Matrix gradient, Tensor left, Tensor right, Format format);

    /// Root-mean-square normalisation of each row (Zhang and Sennrich 2019).
    void rmsNorm(
            Matrix inputs_NH, Matrix gain_1H, double epsilon, Matrix outputs_NH, Matrix inverse_N1);

    /// Adds to the inputs' gradient.
    void rmsNormBackward(
            Matrix gradient_NH,
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix inverse_N1,
            Matrix inputGradient_NH,
            Matrix gainGradient_1H);

    /// Layer normalisation of each row (Ba et al. 2016).
    ///
    /// @param statistics_N2 receives the mean of each row, and one over its standard deviation
    void layerNorm(
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix bias_1H,
            double epsilon,
            Matrix outputs_NH,
            Matrix statistics_N2);

    /// Adds to the inputs' gradient.
    void layerNormBackward(
            Matrix gradient_NH,
            Matrix inputs_NH,
            Matrix gain_1H,
            Matrix statistics_N2,
            Matrix inputGradient_NH,
            Matrix gainGradient_1H,
            Matrix biasGradient_1H);

    /// Root-mean-square normalisation of every query head and every key head by itself (Henry et
    /// al. 2020), in place.
    ///
    /// @param raw_NR receives them as they were
    /// @param inverse_NA receives one over the root mean square of each head
    void headNorm(
            Matrix heads_NW,
            HeadShape shape,
            Matrix queryGain_1D,
            Matrix keyGain_1D,
            double epsilon,
            Matrix raw_NR,
            Matrix inverse_NA);

    /// Turns the gradient of the normalised heads, in place, into that of the heads before.
    void headNormBackward(
            Matrix gradient_NW,
            HeadShape shape,
            Matrix queryGain_1D,
            Matrix keyGain_1D,
            Matrix raw_NR,
            Matrix inverse_NA,
            Matrix queryGainGradient_1D,
            Matrix keyGainGradient_1D);

    /// Rotates the first heads of each row in place.
    ///
    /// @param positions of each row's token inside its document
    void rotate(Matrix heads_NW, int heads, RotaryAngles angles, int[] positions);

    /// Puts what attention's backward makes back into the span's rows that its forward was cut
    /// from.
    ///
    /// @param gradients_BTKD row-major, of sequences, their places, key-value heads: of the first
    ///     query heads of all groups, of the second ones and so on, then of keys, then of values
    /// @param angles by which heads had been rotated, and are turned back; null where they were not
    /// @param positions of each place of the batch inside its document
    void gatherHeads(
            List<Tensor> gradients_BTKD,
            HeadShape shape,
            AttentionSpan span,
            @Nullable RotaryAngles angles,
            int[] positions,
            Matrix target_NW);

    /// `silu(gate) · up` (Shazeer 2020), of gates and ups side by side.
    void swiGlu(Matrix gateUp_N2I, Matrix product_NI);

    /// Puts the product where its gradient was, and the gradients of gates and ups where they were.
    void swiGluBackward(Matrix gradientThenProduct_NI, Matrix gateUpThenGradient_N2I);

    /// The Gaussian error linear unit by its approximation with a hyperbolic tangent (Hendrycks and
    /// Gimpel 2016), transformers' `gelu_new`.
    void geluTanh(Matrix inputs_NI, Matrix outputs_NI);

    /// Puts the outputs where their gradient was, and the gradient of the inputs where they were.
    void geluTanhBackward(Matrix gradientThenOutputs_NI, Matrix inputsThenGradient_NI);

    /// The row of each place, from a table that has it.
    void embed(int[] rows, Matrix table_VH, Matrix hidden_NH);

    /// Adds the row of each place.
    void addEmbedding(int[] rows, Matrix table_VH, Matrix hidden_NH);

    /// Adds each place's gradient to its row of the table.
    void embedBackward(int[] rows, Matrix gradient_NH, Matrix tableGradient_VH);

    /// Makes every row the bias, for a product to be added to.
    void fillWithBias(Matrix bias_1O, Matrix outputs_NO);

    /// `outputs = inputs + bias`.
    void addBias(Matrix inputs_NO, Matrix bias_1O, Matrix outputs_NO);

    /// Adds the sum of the rows to the bias's gradient.
    void biasBackward(Matrix gradient_NO, Matrix biasGradient_1O);

    /// Cross-entropies of logits with one target a row; ignored rows have 0.
    ///
    /// @param firstTarget the place of the first row, in targets and losses
    void crossEntropy(Matrix logits_CV, int[] targets, int firstTarget, Losses losses);

    /// The same, and the gradient of `objective · scale` in the logits' place.
    ///
    /// With `Z = log Σ exp(logits)`, probabilities `p`, a target `y`, z-loss `z` and smoothing `ε`,
    /// the objective of a row is `Z - (1-ε)·logit_y - ε·mean(logits) + z·Z²` (smoothing as PyTorch
    /// has it) and its gradient `p·(1 + 2·z·Z) - (1-ε)·[y] - ε/V`. The loss is `Z - logit_y`
    /// whatever the objective.
    void crossEntropyAndGradient(
            Matrix logitsThenGradient_CV,
            int[] targets,
            int firstTarget,
            Losses losses,
            Objective objective,
            double scale);
}
