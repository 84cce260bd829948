package dev.tanren.trainer.model.decoder;

import dev.tanren.plan.Objective;
import dev.tanren.trainer.model.KeyValueCache;
import dev.tanren.trainer.model.MicroBatch;
import dev.tanren.trainer.model.common.AttentionSpan;
import dev.tanren.trainer.model.common.Losses;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.Format;
import java.util.List;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/// One micro-batch on its way through the segments of a decoder.
///
/// Every segment is run forward once, in order; then, where gradients are wanted, backward once in
/// the reverse order. Passes of several micro-batches may be under way beside each other.
///
/// Legend: N places, H hidden.
public final class Pass implements AutoCloseable {

    private final Setting setting;
    private final MicroBatch batch;
    private final List<AttentionSpan> spans;
    private final @Nullable Goal goal;
    private final @Nullable KeyValueCache cache;
    private final Losses losses;
    private final @Nullable Saved[] saved;
    private @Nullable Matrix stream_NH;
    private @Nullable Matrix gradient_NH;

    /// What all passes of one kind share.
    ///
    /// @param segments in the order of a forward
    /// @param hiddenSize columns of the stream
    /// @param format of the residual stream, of what products read and write, and their gradients
    /// @param keepsDerived whether what one pass over memory can make again is kept
    /// @param sign is told whenever a part of a pass is done
    record Setting(
            List<Segment> segments,
            int hiddenSize,
            Format format,
            ActivationMemory memory,
            PassClock clock,
            boolean keepsDerived,
            Runnable sign) {}

    /// What gradients are of.
    ///
    /// @param scale factor of the objective of every place
    public record Goal(Objective objective, double scale) {}

    /// @param goal null where losses alone are wanted
    /// @param cache of the one sequence that the batch begins or goes on with; null elsewhere
    Pass(Setting setting, MicroBatch batch, @Nullable Goal goal, @Nullable KeyValueCache cache) {
        this.setting = setting;
        this.batch = batch;
        this.goal = goal;
        this.cache = cache;
        spans = AttentionSpan.of(batch);
        losses = Losses.of(batch.places());
        saved = new Saved[setting.segments.size()];
        stream_NH = lend(setting.format, batch.places(), 0);
    }

    /// Runs a segment forward.
    ///
    /// @param segment one further than the last
    public void forward(int segment) {
        setting.clock.forward();
        Saved own = new Saved(this, goal != null);
        saved[segment] = own;
        Matrix before_NH = own.own(stream());
        stream_NH = null;
        try (PointerScope _ = new PointerScope()) {
            stream_NH = setting.segments.get(segment).forward(before_NH, own);
        }
        own.forwardEnds();
        if (goal == null) {
            own.close();
        }
    }

    /// Runs a segment backward, and lets go of what was kept for that.
    ///
    /// @param segment one before the last
    public void backward(int segment) {
        Saved own = saved[segment];
        if (own == null) {
            throw new IllegalStateException("a backward without a forward of segment " + segment);
        }
        setting.clock.backward();
        Matrix gradient = gradient_NH;
        if (gradient == null) {
            gradient = lend(setting.format, places(), setting.hiddenSize);
            gradient_NH = gradient;
        }
        try (PointerScope _ = new PointerScope()) {
            setting.segments.get(segment).backward(gradient, own);
        }
        own.close();
        saved[segment] = null;
        sign();
    }

    private Matrix stream() {
        return Objects.requireNonNull(stream_NH, "a segment after one that failed");
    }

    public void run(Action action) {
        switch (action) {
            case Action.Forward forward -> forward(forward.segment());
            case Action.Backward backward -> backward(backward.segment());
        }
    }

    /// Runs segments forward, the last one exclusive.
    void forward(int from, int to) {
        for (int segment = from; segment < to; segment++) {
            forward(segment);
        }
    }

    /// Runs all segments but the head, of which it writes the logits.
    ///
    /// @param first place whose logits are wanted, with all after it
    void logits(LanguageModelHead head, int first, Matrix logits_PV) {
        forward(0, setting.segments.size() - 1);
        try (PointerScope _ = new PointerScope();
                Saved own = new Saved(this, false)) {
            head.logits(stream(), own, first, logits_PV);
        }
    }

    /// Filled once the last segment has run forward.
    public Losses losses() {
        return losses;
    }

    MicroBatch batch() {
        return batch;
    }

    int places() {
        return batch.places();
    }

    List<AttentionSpan> spans() {
        return spans;
    }

    Format format() {
        return setting.format;
    }

    /// Memory of the pass, which the caller gives back; what it holds is undefined.
    Matrix lend(Format format, int rows, int columns) {
        return setting.memory.lend(batch.places(), format, rows, columns);
    }

    void giveBack(Matrix matrix) {
        setting.memory.giveBack(batch.places(), matrix);
    }

    PassClock clock() {
        return setting.clock;
    }

    boolean keepsDerived() {
        return setting.keepsDerived;
    }

    @Nullable Goal goal() {
        return goal;
    }

    @Nullable KeyValueCache cache() {
        return cache;
    }

    /// Tells that the pass goes on.
    void sign() {
        setting.sign.run();
    }

    /// Bytes that are kept for backwards at the moment.
    public long savedBytes() {
        long bytes = 0;
        for (Saved of : saved) {
            bytes += of == null ? 0 : of.bytes();
        }
        return bytes;
    }

    /// Gives back what the pass has, wherever it ended.
    @Override
    public void close() {
        setting.clock.stop();
        for (Saved of : saved) {
            if (of != null) {
                of.close();
            }
        }
        if (stream_NH != null) {
            giveBack(stream_NH);
        }
        if (gradient_NH != null) {
            giveBack(gradient_NH);
        }
    }
}
