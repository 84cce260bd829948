package dev.tanren.trainer.model;

/// The same tokens with other predictions to make.
final class Targets {

    private Targets() {}

    static MicroBatch of(MicroBatch batch, int[] targets) {
        return new MicroBatch(
                batch.sequences(),
                batch.sequenceLength(),
                batch.tokens(),
                targets,
                batch.positions(),
                batch.documents());
    }
}
