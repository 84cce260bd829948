package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.Operators;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// Losses and logits of a decoder, without gradients.
///
/// Legend: B sequences, T length, N places, V vocabulary.
public final class DecoderEvaluation {

    private final Decoder decoder;
    private final Pass.Setting setting;

    public DecoderEvaluation(Decoder decoder) {
        this(decoder, () -> {});
    }

    /// @param sign is told by the computing thread whenever a part of a pass is done
    public DecoderEvaluation(Decoder decoder, Runnable sign) {
        this.decoder = decoder;
        setting =
                decoder.setting(
                        decoder.segments(),
                        new PassClock(decoder.parameters().operators()),
                        false,
                        sign);
    }

    public Decoder decoder() {
        return decoder;
    }

    /// The sum of cross-entropies over counted targets, in nats.
    public double lossSum(MicroBatch batch) {
        decoder.parameters().refresh();
        try (Pass pass = new Pass(setting, batch, null, null)) {
            pass.forward(0, setting.segments().size());
            return pass.losses().crossEntropySum();
        }
    }

    /// fp32 logits `[sequences, sequenceLength, vocabulary]`, which the caller owns.
    public Tensor logits(MicroBatch batch) {
        decoder.parameters().refresh();
        int vocabulary = decoder.architecture().vocabSize();
        Tensor logits_BTV = torch.empty(batch.sequences(), batch.sequenceLength(), vocabulary);
        Operators operators = decoder.parameters().operators();
        try (PointerScope _ = new PointerScope();
                Operators.OwnedMatrix owned =
                        operators.allocate(decoder.format(), batch.places(), vocabulary);
                Pass pass = new Pass(setting, batch, null, null)) {
            pass.logits(decoder.head(), 0, owned.matrix());
            logits_BTV.view(batch.places(), vocabulary).copy_(owned.matrix().tensor());
        }
        return logits_BTV;
    }
}
