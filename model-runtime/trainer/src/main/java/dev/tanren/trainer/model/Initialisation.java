package dev.tanren.trainer.model;

import dev.tanren.plan.family.ModelParameter;
import dev.tanren.trainer.parameters.ComputeThreads;
import dev.tanren.trainer.parameters.FlatBuffer;
import dev.tanren.trainer.parameters.ParameterLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/// Fresh weights that are a pure function of the seed and each parameter's name and shape.
///
/// Each element is drawn by its own counter, so the bits depend on neither threads, ranks, order
/// nor machine: only IEEE arithmetic and `StrictMath` are used. Matrices are normal with deviation
/// 0.02; the projections that write into the residual stream (`o_proj`, `down_proj`, GPT-2's
/// `c_proj`) have it divided by √(2 · layers), as in GPT-2; gains of norms are ones and biases
/// zeros.
public final class Initialisation {

    private static final double DEVIATION = 0.02;
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final long CHUNK = 1 << 14;

    private Initialisation() {}

    /// Fills all of `weights`.
    public static void random(ParameterLayout layout, FlatBuffer weights, long seed) {
        long layers =
                layout.entries().stream()
                                .filter(
                                        entry ->
                                                kind(entry)
                                                        == ModelParameter.Initialisation.RESIDUAL)
                                .count()
                        / 2;
        double residual = DEVIATION / Math.sqrt(2.0 * Math.max(1, layers));
        for (ParameterLayout.Entry entry : layout.entries()) {
            MemorySegment target =
                    weights.segment()
                            .asSlice(entry.offset() * Float.BYTES, entry.elements() * Float.BYTES);
            long key = key(seed, entry.name());
            switch (kind(entry)) {
                case ONES -> fill(target, entry.elements(), 1f);
                case ZEROS -> fill(target, entry.elements(), 0f);
                case NORMAL -> normal(target, entry.elements(), key, DEVIATION);
                case RESIDUAL -> normal(target, entry.elements(), key, residual);
            }
        }
    }

    private static ModelParameter.Initialisation kind(ParameterLayout.Entry entry) {
        return entry.parameter().initialisation();
    }

    private static void fill(MemorySegment target, long elements, float value) {
        for (long i = 0; i < elements; i++) {
            target.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
        }
    }

    private static void normal(MemorySegment target, long elements, long key, double deviation) {
        ComputeThreads.loop(
                elements,
                CHUNK,
                (from, to) -> {
                    for (long i = from; i < to; i++) {
                        double uniform = ((mix(key + i * GOLDEN) >>> 11) + 0.5) * 0x1p-53;
                        target.setAtIndex(
                                ValueLayout.JAVA_FLOAT, i, (float) (deviation * quantile(uniform)));
                    }
                });
    }

    private static long key(long seed, String name) {
        long hash = mix(seed);
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = mix(hash * 31 + b);
        }
        return hash;
    }

    /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014), which passes BigCrush on counters.
    private static long mix(long value) {
        long z = value + GOLDEN;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /// The quantile of the standard normal distribution, to about 7 digits: algorithm AS 241
    /// (Wichura 1988), PPND7.
    static double quantile(double probability) {
        double q = probability - 0.5;
        if (Math.abs(q) <= 0.425) {
            double r = 0.180625 - q * q;
            return q
                    * (((5.9109374720e+01 * r + 1.5929113202e+02) * r + 5.0434271938e+01) * r
                            + 3.3871327179e+00)
                    / (((6.7187563600e+01 * r + 7.8757757664e+01) * r + 1.7895169469e+01) * r + 1);
        }
        double r = Math.sqrt(-StrictMath.log(q < 0 ? probability : 1 - probability));
        return Math.copySign(r <= 5 ? middle(r - 1.6) : far(r - 5), q);
    }

    private static double middle(double r) {
        return (((1.7023821103e-01 * r + 1.3067284816e+00) * r + 2.7568153900e+00) * r
                        + 1.4234372777e+00)
                / ((1.2021132975e-01 * r + 7.3700164250e-01) * r + 1);
    }

    private static double far(double r) {
        return (((1.7337203997e-02 * r + 4.2868294337e-01) * r + 3.0812263860e+00) * r
                        + 6.6579051150e+00)
                / ((1.2258202635e-02 * r + 2.4197894225e-01) * r + 1);
    }
}
