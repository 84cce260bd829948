package dev.tanren.trainer.model.decoder;

import dev.tanren.plan.Architecture;
import dev.tanren.trainer.model.KeyValueCache;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.host.Rows;

/// The logits of the next token, from what a cache holds of the ones before it.
///
/// Caches are in the host's memory, and so must the decoder's activations be.
public final class DecoderGeneration {

    private final Decoder decoder;
    private final Pass.Setting setting;

    public DecoderGeneration(Decoder decoder) {
        this.decoder = decoder;
        setting =
                decoder.setting(
                        decoder.segments(),
                        new PassClock(decoder.parameters().operators()),
                        false,
                        () -> {});
    }

    /// An empty cache for one sequence of at most `capacity` tokens, which the caller closes.
    public KeyValueCache newCache(int capacity) {
        Architecture architecture = decoder.architecture();
        return new KeyValueCache(
                decoder.format(),
                architecture.layers(),
                architecture.keyValueHeads(),
                architecture.effectiveHeadSize(),
                capacity);
    }

    /// The logits of the token that follows: goes on from the tokens that the cache holds, and adds
    /// to it. A sequence begins with its whole prompt and goes on one token at a time.
    ///
    /// They are those of [DecoderEvaluation#logits] over the whole sequence but for rounding.
    ///
    /// @param tokens any number of them where the cache is empty, one later
    /// @return fp32, one for each token of the vocabulary
    /// @throws IllegalArgumentException when the cache has no room, or several tokens go on from it
    /// @throws IllegalStateException where activations are in a device's memory
    public float[] nextLogits(int[] tokens, KeyValueCache cache) {
        cache.requireRoom(tokens.length);
        if (tokens.length == 0 || (tokens.length > 1 && cache.length() > 0)) {
            throw new IllegalArgumentException(
                    tokens.length + " tokens after " + cache.length() + " in a cache");
        }
        decoder.parameters().refresh();
        MicroBatch batch = MicroBatch.continuing(tokens, cache.length());
        float[] logits = new float[decoder.architecture().vocabSize()];
        try (Pass pass = new Pass(setting, batch, null, cache)) {
            Matrix logits_1V = pass.lend(decoder.format(), 1, logits.length);
            pass.logits(decoder.head(), tokens.length - 1, logits_1V);
            Rows.read(logits_1V, 0, logits);
            pass.giveBack(logits_1V);
        }
        cache.advance(tokens.length);
        return logits;
    }
}
