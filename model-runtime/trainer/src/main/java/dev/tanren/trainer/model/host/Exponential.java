package dev.tanren.trainer.model.host;

import java.lang.foreign.MemorySegment;

/// `eˣ` over arrays in three loops that C2 turns into vector instructions, which `Math.exp` is not.
///
/// Relative error below 2e-7. Arguments are limited to -87 … 88, so results are normal numbers.
final class Exponential {

    private static final float LOG2_E = (float) 1.44269504;
    private static final float LN2_HIGH = (float) 0.693359375;
    private static final float LN2_LOW = (float) -2.12194440e-4;

    /// Makes the cast to an integer round to nearest instead of towards zero.
    private static final float BIAS = 256.5f;

    private final int[] bits;
    private final float[] powers;
    private final float[] exponents;
    private final MemorySegment bitBytes;
    private final MemorySegment powerBytes;

    /// @param size most elements of one call
    Exponential(int size) {
        bits = new int[size];
        powers = new float[size];
        exponents = new float[size];
        bitBytes = MemorySegment.ofArray(bits);
        powerBytes = MemorySegment.ofArray(powers);
    }

    /// Replaces the first `count` values by `e^(value · factor + shift)`.
    void apply(float[] values, float factor, float shift, int count) {
        limit(values, factor, shift, count);
        split(values, exponents, bits, count);
        // 2ⁿ is made as bits; C2 of this JDK does not vectorise intBitsToFloat, a copy does it.
        MemorySegment.copy(bitBytes, 0, powerBytes, 0, (long) count * Float.BYTES);
        polynomial(values, exponents, powers, count);
    }

    private static void limit(float[] values, float factor, float shift, int count) {
        for (int i = 0; i < count; i++) {
            values[i] = Math.max(-87f, Math.min(88f, values[i] * factor + shift));
        }
    }

    private static void split(float[] values, float[] exponents, int[] bits, int count) {
        for (int i = 0; i < count; i++) {
            int exponent = (int) (values[i] * LOG2_E + BIAS) - 256;
            exponents[i] = exponent;
            bits[i] = (exponent + 127) << 23;
        }
    }

    /// The polynomial of Cephes' `expf` on the rest after the power of two.
    private static void polynomial(float[] values, float[] exponents, float[] powers, int count) {
        for (int i = 0; i < count; i++) {
            float n = exponents[i];
            float x = values[i] - n * LN2_HIGH - n * LN2_LOW;
            float p = (float) 1.9875691500e-4;
            p = p * x + (float) 1.3981999507e-3;
            p = p * x + (float) 8.3334519073e-3;
            p = p * x + (float) 4.1665795894e-2;
            p = p * x + (float) 1.6666665459e-1;
            p = p * x + (float) 5.0000001201e-1;
            values[i] = (p * x * x + x + 1f) * powers[i];
        }
    }
}
