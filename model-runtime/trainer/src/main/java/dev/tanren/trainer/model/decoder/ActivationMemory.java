package dev.tanren.trainer.model.decoder;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.model.common.Operators;
import dev.tanren.trainer.parameters.Format;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// Memory for activations, which is lent: what is given back is lent again, so that a step
/// allocates next to nothing. Not thread-safe.
///
/// Passes of so many places take memory that those of others cannot use. It is there for two
/// numbers of places: those of training and of evaluations.
public final class ActivationMemory implements AutoCloseable {

    private static final int NUMBERS_OF_PLACES = 2;

    private final Operators operators;
    private final SequencedMap<Integer, Map<Shape, Deque<Operators.OwnedMatrix>>> free =
            new LinkedHashMap<>();
    private final IdentityHashMap<Matrix, Operators.OwnedMatrix> lent = new IdentityHashMap<>();

    private record Shape(Format format, int rows, int columns) {}

    /// @param operators whose memory it takes
    public ActivationMemory(Operators operators) {
        this.operators = operators;
    }

    /// A matrix of this shape; what it holds is undefined. The caller gives it back.
    ///
    /// @param places of the pass that it is for
    Matrix lend(int places, Format format, int rows, int columns) {
        Deque<Operators.OwnedMatrix> fitting = free(places, new Shape(format, rows, columns));
        Operators.OwnedMatrix owned =
                fitting.isEmpty() ? operators.allocate(format, rows, columns) : fitting.pop();
        lent.put(owned.matrix(), owned);
        return owned.matrix();
    }

    /// @param places of the pass that it was for
    /// @throws IllegalArgumentException for a matrix that is not lent
    void giveBack(int places, Matrix matrix) {
        Operators.OwnedMatrix owned = lent.remove(matrix);
        if (owned == null) {
            throw new IllegalArgumentException("memory that is not lent is given back: " + matrix);
        }
        free(places, new Shape(matrix.format(), matrix.rows(), matrix.columns())).push(owned);
    }

    private Deque<Operators.OwnedMatrix> free(int places, Shape shape) {
        Map<Shape, Deque<Operators.OwnedMatrix>> own = free.get(places);
        if (own == null) {
            own = new HashMap<>();
            free.put(places, own);
            if (free.size() > NUMBERS_OF_PLACES) {
                letGo(free.pollFirstEntry().getValue());
            }
        }
        return own.computeIfAbsent(shape, _ -> new ArrayDeque<>());
    }

    /// Bytes that are taken, lent or not.
    public long bytes() {
        return lent.keySet().stream().mapToLong(Matrix::bytes).sum()
                + free.values().stream()
                        .flatMap(own -> own.values().stream())
                        .flatMap(Deque::stream)
                        .mapToLong(owned -> owned.matrix().bytes())
                        .sum();
    }

    private static void letGo(Map<Shape, Deque<Operators.OwnedMatrix>> own) {
        own.values().forEach(matrices -> matrices.forEach(Operators.OwnedMatrix::close));
    }

    @Override
    public void close() {
        free.values().forEach(ActivationMemory::letGo);
        free.clear();
        lent.values().forEach(Operators.OwnedMatrix::close);
        lent.clear();
    }
}
