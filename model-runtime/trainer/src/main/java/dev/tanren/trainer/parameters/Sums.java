package dev.tanren.trainer.parameters;

/// Sums whose order is fixed, so that their bits are.
public final class Sums {

    private Sums() {}

    /// The sum of `x[i] · y[i]` for `i` below `count`, in double precision: in four strands that a
    /// processor runs side by side, added pairwise at the end.
    public static double ofProducts(float[] x, float[] y, int count) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 3 < count; i += 4) {
            a += (double) x[i] * y[i];
            b += (double) x[i + 1] * y[i + 1];
            c += (double) x[i + 2] * y[i + 2];
            d += (double) x[i + 3] * y[i + 3];
        }
        for (; i < count; i++) {
            a += (double) x[i] * y[i];
        }
        return (a + b) + (c + d);
    }
}
