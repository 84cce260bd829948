package dev.tanren.trainer.optimizer;

import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/// One number of state for each element of some parameters, without gaps for the others.
final class StateBuffer implements AutoCloseable {

    private final String kind;
    private final Map<ParameterLayout.Entry, ParameterLayout.Entry> places = new LinkedHashMap<>();
    private final FlatBuffer buffer;

    StateBuffer(String kind, List<ParameterLayout.Entry> parameters) {
        this.kind = kind;
        ParameterLayout layout =
                ParameterLayout.of(
                        parameters.stream().map(ParameterLayout.Entry::parameter).toList());
        parameters.forEach(parameter -> places.put(parameter, layout.entry(parameter.name())));
        buffer = FlatBuffer.allocate(Math.max(1, layout.elements()));
    }

    MemorySegment segment() {
        return buffer.segment();
    }

    /// Where the state of a parameter begins, in elements.
    long offset(ParameterLayout.Entry parameter) {
        return place(parameter).offset();
    }

    /// The state of a parameter, in its shape.
    Tensor tensor(ParameterLayout.Entry parameter) {
        return buffer.view(place(parameter));
    }

    private ParameterLayout.Entry place(ParameterLayout.Entry parameter) {
        ParameterLayout.Entry place = places.get(parameter);
        if (place == null) {
            throw new IllegalArgumentException("no " + kind + " of " + parameter);
        }
        return place;
    }

    List<Optimizer.State> states() {
        List<Optimizer.State> states = new ArrayList<>();
        places.forEach(
                (parameter, place) ->
                        states.add(
                                new Optimizer.State(
                                        kind,
                                        parameter,
                                        buffer.segment()
                                                .asSlice(
                                                        place.offset() * Float.BYTES,
                                                        place.elements() * Float.BYTES))));
        return states;
    }

    @Override
    public void close() {
        buffer.close();
    }
}
