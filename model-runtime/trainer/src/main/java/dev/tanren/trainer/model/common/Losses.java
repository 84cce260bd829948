package dev.tanren.trainer.model.common;

/// What a head makes of the places of one micro-batch, in nats; 0 where no target counts.
///
/// Sums go through the places in order, so that they do not depend on who filled them.
///
/// @param crossEntropies of each place
/// @param zLosses of each place, the factor included; 0 where the objective has none
@SuppressWarnings("ArrayRecordComponent") // filled in place and compared by nobody
public record Losses(double[] crossEntropies, double[] zLosses) {

    public static Losses of(int places) {
        return new Losses(new double[places], new double[places]);
    }

    public double crossEntropySum() {
        return sum(crossEntropies);
    }

    public double zLossSum() {
        return sum(zLosses);
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }
}
