package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Held;
import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.Format;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What one segment keeps of one micro-batch, from its forward to its backward, and the memory for
/// it.
///
/// Memory is of four kinds: [kept][#kept] to the end of the backward, [derived][#derived] from what
/// is kept, so that it can be made again, [fleeting][#fleeting] until the forward or the backward
/// is over, and the segment's [output][#output], which belongs to whoever gets it.
public final class Saved implements AutoCloseable {

    private final Pass pass;
    private final boolean backwardFollows;
    private final List<Matrix> kept = new ArrayList<>();
    private final List<Matrix> fleeting = new ArrayList<>();
    private final List<Derived> derived = new ArrayList<>();
    private final List<Held> beside = new ArrayList<>();
    private final IdentityHashMap<StreamFunction, Saved> parts = new IdentityHashMap<>();
    private @Nullable Object values;

    Saved(Pass pass, boolean backwardFollows) {
        this.pass = pass;
        this.backwardFollows = backwardFollows;
    }

    /// The micro-batch that it is of.
    public Pass pass() {
        return pass;
    }

    /// Whether this forward is the one that a backward belongs to.
    public boolean backwardFollows() {
        return backwardFollows;
    }

    /// Keeps what the backward will ask for with [#values].
    void keep(Object values) {
        this.values = values;
    }

    /// What the forward has kept.
    <T> T values(Class<T> type) {
        return type.cast(Objects.requireNonNull(values, "a backward without a forward"));
    }

    /// Memory with a row for each place in the format of the stream.
    Matrix kept(int columns) {
        return own(output(columns));
    }

    /// The same in fp32, whatever the format.
    Matrix keptInFp32(int columns) {
        return own(lend(Format.FLOAT32, columns));
    }

    /// Memory that is free again when the forward, or the backward, is over.
    Matrix fleeting(int columns) {
        Matrix matrix = output(columns);
        fleeting.add(matrix);
        return matrix;
    }

    /// Memory that the caller owns; gives it on as the stream, or has it [owned][#own].
    Matrix output(int columns) {
        return lend(pass.format(), columns);
    }

    private Matrix lend(Format format, int columns) {
        return pass.lend(format, pass.places(), columns);
    }

    /// What one cheap pass over memory makes of what is kept.
    ///
    /// @param maker fills it, each time with the same bits
    Derived derived(int columns, Consumer<Matrix> maker) {
        Derived made = new Derived(columns, maker);
        derived.add(made);
        return made;
    }

    /// See [Saved#derived].
    final class Derived {

        private final int columns;
        private final Consumer<Matrix> maker;
        private @Nullable Matrix made;

        private Derived(int columns, Consumer<Matrix> maker) {
            this.columns = columns;
            this.maker = maker;
        }

        /// Makes it where it is not there.
        Matrix matrix() {
            Matrix matrix = made;
            if (matrix == null) {
                matrix = output(columns);
                made = matrix;
                maker.accept(matrix);
            }
            return matrix;
        }

        private void forget() {
            if (made != null) {
                giveBack(made);
                made = null;
            }
        }
    }

    /// Takes over what has memory of its own.
    <T extends Held> T own(T held) {
        beside.add(held);
        return held;
    }

    /// Takes memory over, which lasts as long as what is kept.
    Matrix own(Matrix matrix) {
        kept.add(matrix);
        return matrix;
    }

    void giveBack(Matrix matrix) {
        pass.giveBack(matrix);
    }

    /// Runs a part of this segment, with a `Saved` of its own.
    Matrix forward(StreamFunction part, Matrix hidden_NH) {
        Saved own = part(part);
        Matrix output_NH = part.forward(hidden_NH, own);
        own.forwardEnds();
        return output_NH;
    }

    /// Fills the `Saved` of a part, without its output.
    void remake(StreamFunction part, Matrix hidden_NH) {
        Saved own = part(part);
        part.remake(hidden_NH, own);
        own.forwardEnds();
    }

    private Saved part(StreamFunction part) {
        Saved own = new Saved(pass, backwardFollows);
        parts.put(part, own);
        return own;
    }

    /// Runs the backward of a part whose forward is kept here.
    void backward(StreamFunction part, Matrix gradient_NH) {
        Saved own = parts.remove(part);
        if (own == null) {
            throw new IllegalStateException("a backward without a forward of " + part);
        }
        try (own) {
            part.backward(gradient_NH, own);
        }
        pass.sign();
    }

    /// Runs a function of which nothing is kept.
    Matrix forwardAlone(StreamFunction function, Matrix hidden_NH) {
        try (Saved nothing = new Saved(pass, false)) {
            return function.forward(hidden_NH, nothing);
        }
    }

    /// Runs a backward, after all that it needs has been made again.
    void backwardAgain(StreamFunction function, Matrix hidden_NH, Matrix gradient_NH) {
        try (Saved again = new Saved(pass, true)) {
            function.remake(hidden_NH, again);
            function.backward(gradient_NH, again);
        }
    }

    /// Gives back what does not outlast the forward.
    void forwardEnds() {
        fleeting.forEach(this::giveBack);
        fleeting.clear();
        if (!backwardFollows || !pass.keepsDerived()) {
            derived.forEach(Derived::forget);
        }
        pass.sign();
    }

    /// Bytes that are kept at the moment.
    long bytes() {
        return kept.stream().mapToLong(Matrix::bytes).sum()
                + derived.stream().mapToLong(it -> it.made == null ? 0 : it.made.bytes()).sum()
                + beside.stream().mapToLong(Held::bytes).sum()
                + parts.values().stream().mapToLong(Saved::bytes).sum();
    }

    /// Gives everything back.
    @Override
    public void close() {
        parts.values().forEach(Saved::close);
        parts.clear();
        beside.forEach(Held::close);
        beside.clear();
        fleeting.forEach(this::giveBack);
        fleeting.clear();
        derived.forEach(Derived::forget);
        derived.clear();
        kept.forEach(this::giveBack);
        kept.clear();
    }
}
