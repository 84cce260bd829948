package dev.tanren.trainer.parameters;

/// Sums whose order is fixed, so that their bits are.
///
/// In double precision: in four strands that a processor runs side by side, added pairwise at the
/// end.
public final class Sums {

    private Sums() {}

    /// The sum of `x[i]` for `i` below `count`.
    public static double of(float[] x, int count) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 3 < count; i += 4) {
            a += x[i];
            b += x[i + 1];
            c += x[i + 2];
            d += x[i + 3];
        }
        for (; i < count; i++) {
            a += x[i];
        }
        return (a + b) + (c + d);
    }

    /// The sum of `x[i] · y[i]` for `i` below `count`.
    public static double ofProducts(float[] x, float[] y, int count) {
        return ofProducts(x, y, 0, count);
    }

    /// The sum of `x[i] · y[i]` for `count` indices from `from` on.
    public static double ofProducts(float[] x, float[] y, int from, int count) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int end = from + count;
        int i = from;
        for (; i + 3 < end; i += 4) {
            a += (double) x[i] * y[i];
            b += (double) x[i + 1] * y[i + 1];
            c += (double) x[i + 2] * y[i + 2];
            d += (double) x[i + 3] * y[i + 3];
        }
        for (; i < end; i++) {
            a += (double) x[i] * y[i];
        }
        return (a + b) + (c + d);
    }
}
