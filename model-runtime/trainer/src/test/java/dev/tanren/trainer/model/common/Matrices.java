package dev.tanren.trainer.model.common;

import dev.tanren.trainer.model.host.HostOperators;
import dev.tanren.trainer.parameters.Format;
import java.util.ArrayList;
import java.util.List;

/// Matrices of a test in the host's memory, which is freed at its end.
public final class Matrices implements AutoCloseable {

    private final Operators operators = new HostOperators();
    private final List<Operators.OwnedMatrix> all = new ArrayList<>();

    /// What it holds is undefined.
    public Matrix make(Format format, int rows, int columns) {
        Operators.OwnedMatrix owned = operators.allocate(format, rows, columns);
        all.add(owned);
        return owned.matrix();
    }

    @Override
    public void close() {
        all.forEach(Operators.OwnedMatrix::close);
    }
}
