package dev.tanren.trainer.model;

import dev.tanren.spec.plan.Architecture;
import dev.tanren.spec.plan.Objective;
import dev.tanren.spec.plan.TrainingStage;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import org.bytedeco.pytorch.Tensor;

/// A decoder-only language model, as the trainer sees it: a list of segments with an explicit
/// forward and backward each.
///
/// It owns no weights and no gradients: it computes on fp32 buffers that are given to it, in bf16
/// on a rounded copy of the weights, which it makes itself. The same inputs give the same bits, as
/// long as the number of threads and the type of the machine stay. One thread uses it at a time.
public interface Decoder extends AutoCloseable {

    Architecture architecture();

    ParameterLayout layout();

    /// Computes with these weights from now on. The buffer must outlive its use here.
    void useWeights(FlatBuffer weights);

    /// The numbers in the weights are others than in the last pass. A decoder that computes with a
    /// copy of them, in bf16 or on a device, takes them over; others see changes anyway.
    void weightsChanged();

    /// Adds gradients to this buffer from now on; may change between micro-batches at no cost.
    void accumulateGradientsInto(FlatBuffer gradients);

    /// From now on, forward passes keep less and backward passes make it again, with the same bits.
    /// At first everything is kept.
    void recomputeActivations(TrainingStage.Activations policy);

    /// What gradients are of, from now on; plain cross-entropy at first. Losses stay
    /// cross-entropies.
    void useObjective(Objective objective);

    /// From now on the computing thread calls this whenever a segment of a pass or a chunk of
    /// logits is done: the signs of a pass that goes on.
    void tellSigns(Runnable sign);

    /// Adds the gradient of `sum of objectives · inverseGlobalTargets` to the gradient buffer.
    ///
    /// @param inverseGlobalTargets one over the counted targets of the whole global batch, over all
    ///     micro-batches and ranks
    MicroBatchResult forwardBackward(MicroBatch batch, double inverseGlobalTargets);

    /// The sum of cross-entropies over counted targets, in nats, without gradients.
    double lossSum(MicroBatch batch);

    /// fp32 logits `[sequences, sequenceLength, vocabulary]`, which the caller owns.
    Tensor logits(MicroBatch batch);

    /// An empty cache for one sequence of at most `capacity` tokens, which the caller closes.
    KeyValueCache newCache(int capacity);

    /// The logits of the token that follows: goes on from the tokens that the cache holds, and adds
    /// to it. A sequence begins with its whole prompt and goes on one token at a time.
    ///
    /// They are those of [#logits] over the whole sequence but for rounding.
    ///
    /// @param tokens any number of them where the cache is empty, one later
    /// @return fp32, one for each token of the vocabulary
    /// @throws IllegalArgumentException when the cache has no room, or several tokens go on from it
    /// @throws IllegalStateException where activations are in a device's memory: caches are in the
    ///     host's
    float[] nextLogits(int[] tokens, KeyValueCache cache);

    /// Bytes that activations take at the moment, without what libtorch keeps of attention.
    long activationBytes();

    /// Frees the activations. The buffers given to it stay.
    @Override
    void close();
}
