package dev.tanren.trainer.bench;

import java.util.Arrays;

/// Figures of several measurements, as a benchmark prints them.
final class Median {

    private Median() {}

    static double of(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// In milliseconds, to two decimals.
    static double milliseconds(double... seconds) {
        return rounded(of(seconds) * 1e3);
    }

    static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }
}
