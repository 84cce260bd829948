package dev.tanren.trainer.model.decoder;

import java.util.ArrayList;
import java.util.List;

/// One thing that a rank does in a step: it runs a segment for a micro-batch, forward or backward.
/// A schedule is a list of actions in which each micro-batch goes forward through the segments in
/// their order, and then back.
///
/// Micro-batches and segments are counted from 0.
public sealed interface Action {

    int microBatch();

    int segment();

    /// Whether a micro-batch begins with it.
    default boolean begins() {
        return this instanceof Forward && segment() == 0;
    }

    /// Whether a micro-batch ends with it.
    default boolean ends() {
        return this instanceof Backward && segment() == 0;
    }

    record Forward(int microBatch, int segment) implements Action {}

    record Backward(int microBatch, int segment) implements Action {}

    /// One micro-batch after the other, so that the activations of one alone are kept.
    static List<Action> oneByOne(int microBatches, int segments) {
        List<Action> schedule = new ArrayList<>(2 * microBatches * segments);
        for (int microBatch = 0; microBatch < microBatches; microBatch++) {
            for (int segment = 0; segment < segments; segment++) {
                schedule.add(new Forward(microBatch, segment));
            }
            for (int segment = segments - 1; segment >= 0; segment--) {
                schedule.add(new Backward(microBatch, segment));
            }
        }
        return List.copyOf(schedule);
    }
}
