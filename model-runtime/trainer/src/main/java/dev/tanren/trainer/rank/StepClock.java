package dev.tanren.trainer.rank;

import dev.tanren.launch.Report;

/// Where the time of one step goes.
final class StepClock {

    private final long start = System.nanoTime();
    private long lap = start;
    private double data;
    private double copy;
    private double forward;
    private double backward;
    private double communication;
    private double optimizer;
    private double checkpoint;

    private double lap() {
        long now = System.nanoTime();
        double seconds = (now - lap) * 1e-9;
        lap = now;
        return seconds;
    }

    void dataDone() {
        data = lap();
    }

    /// Weights were copied to where they are computed with, or a gradient back.
    void copyDone() {
        copy += lap();
    }

    void computed(double forwardSeconds, double backwardSeconds) {
        forward += forwardSeconds;
        backward += backwardSeconds;
    }

    void gradientsDone() {
        lap();
    }

    void communicationDone() {
        communication = lap();
    }

    void optimizerDone() {
        optimizer = lap();
    }

    void checkpointDone() {
        checkpoint = lap();
    }

    Report.StepSeconds seconds() {
        return new Report.StepSeconds(
                data,
                copy,
                forward,
                backward,
                communication,
                optimizer,
                checkpoint,
                (System.nanoTime() - start) * 1e-9);
    }
}
