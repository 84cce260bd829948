package dev.tanren.trainer.model;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.NativeAddress;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/// How far apart two lists of numbers are.
public final class Numbers {

    private Numbers() {}

    static double[] of(Tensor tensor) {
        var segment = NativeAddress.segment(tensor);
        return IntStream.range(0, (int) tensor.numel())
                .mapToDouble(i -> segment.getAtIndex(JAVA_FLOAT, i))
                .toArray();
    }

    static double[] of(FlatBuffer buffer) {
        return IntStream.range(0, (int) buffer.elements())
                .mapToDouble(i -> buffer.segment().getAtIndex(JAVA_FLOAT, i))
                .toArray();
    }

    /// L2 norm of the difference over that of the expected.
    static double relativeNorm(double[] actual, double[] expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        return Math.sqrt(difference / norm);
    }

    /// Largest difference over the largest expected magnitude.
    public static double relativeMaximum(double[] actual, double[] expected) {
        double difference = 0;
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
            largest = Math.max(largest, Math.abs(expected[i]));
        }
        return difference / largest;
    }

    /// Mean of KL(expected ‖ actual) over rows of logits.
    public static double meanDivergence(double[] actual, double[] expected, int vocabulary) {
        double sum = 0;
        int rows = expected.length / vocabulary;
        for (int row = 0; row < rows; row++) {
            double[] p = logSoftmax(expected, row * vocabulary, vocabulary);
            double[] q = logSoftmax(actual, row * vocabulary, vocabulary);
            for (int v = 0; v < vocabulary; v++) {
                sum += Math.exp(p[v]) * (p[v] - q[v]);
            }
        }
        return sum / rows;
    }

    private static double[] logSoftmax(double[] logits, int from, int count) {
        double highest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            highest = Math.max(highest, logits[from + i]);
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += Math.exp(logits[from + i] - highest);
        }
        double shift = highest + Math.log(sum);
        return IntStream.range(0, count).mapToDouble(i -> logits[from + i] - shift).toArray();
    }
}
