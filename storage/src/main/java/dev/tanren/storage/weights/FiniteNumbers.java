package dev.tanren.storage.weights;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.safetensors.Dtype;
import java.lang.foreign.MemorySegment;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;

/// Looks through all numbers of a tensor for one that is infinite or none at all.
public final class FiniteNumbers {

    /// The element types that weights may have.
    static final Set<Dtype> KNOWN = EnumSet.of(Dtype.F32, Dtype.BF16, Dtype.F16);

    /// Small enough for a thread's cache, large enough to be worth a task.
    private static final long CHUNK = 1 << 16;

    /// The bits of infinity, without sign; those of what is no number are above.
    private static final int F32_INFINITY = 0x7f800000;

    private static final int BF16_INFINITY = 0x7f80;
    private static final int F16_INFINITY = 0x7c00;

    private FiniteNumbers() {}

    /// Elements from one index to below another.
    @FunctionalInterface
    public interface Range {
        void run(long from, long to);
    }

    /// Runs all ranges of a chunk's length, on the caller's choice of threads, to their end.
    @FunctionalInterface
    public interface Loop {
        void run(long elements, long chunk, Range range);
    }

    /// On all threads of the machine.
    public static void everyThread(long elements, long chunk, Range range) {
        LongStream.range(0, Math.ceilDiv(elements, chunk))
                .parallel()
                .forEach(i -> range.run(i * chunk, Math.min(elements, (i + 1) * chunk)));
    }

    /// @param where what errors call the weight's file
    /// @throws TanrenException `MODEL_NOT_FINITE` naming the tensor, and the first such number of
    ///     it with its place
    public static void require(ExpectedWeights.Weight weight, String where, Loop loop) {
        MemorySegment numbers = weight.tensor().bytes();
        Dtype dtype = weight.tensor().dtype();
        AtomicLong first = new AtomicLong(Long.MAX_VALUE);
        loop.run(
                weight.tensor().info().elements(),
                CHUNK,
                (from, to) -> {
                    int place =
                            dtype == Dtype.F32
                                    ? firstOf(ints(numbers, from, to))
                                    : firstOf(shorts(numbers, from, to), infinity(dtype));
                    if (place >= 0) {
                        first.accumulateAndGet(from + place, Math::min);
                    }
                });
        if (first.get() < Long.MAX_VALUE) {
            throw new TanrenException(
                    ErrorCode.MODEL_NOT_FINITE,
                    "tensor `"
                            + weight.name()
                            + "` holds "
                            + number(numbers, dtype, first.get())
                            + " at element "
                            + first.get(),
                    where,
                    "Fetch the weights again, or take a model whose weights are all numbers.");
        }
    }

    private static int infinity(Dtype dtype) {
        return dtype == Dtype.BF16 ? BF16_INFINITY : F16_INFINITY;
    }

    private static float number(MemorySegment numbers, Dtype dtype, long element) {
        if (dtype == Dtype.F32) {
            return Float.intBitsToFloat(numbers.get(JAVA_INT_UNALIGNED, element * Integer.BYTES));
        }
        short bits = numbers.get(JAVA_SHORT_UNALIGNED, element * Short.BYTES);
        return dtype == Dtype.BF16 ? Float.intBitsToFloat(bits << 16) : Float.float16ToFloat(bits);
    }

    private static int[] ints(MemorySegment numbers, long from, long to) {
        int[] bits = new int[(int) (to - from)];
        MemorySegment.copy(numbers, JAVA_INT_UNALIGNED, from * Integer.BYTES, bits, 0, bits.length);
        return bits;
    }

    private static short[] shorts(MemorySegment numbers, long from, long to) {
        short[] bits = new short[(int) (to - from)];
        MemorySegment.copy(numbers, JAVA_SHORT_UNALIGNED, from * Short.BYTES, bits, 0, bits.length);
        return bits;
    }

    /// The largest is asked for first, because C2 compares in vectors then, as it does not with
    /// `isFinite`.
    ///
    /// @return -1 where there is none
    private static int firstOf(int[] bits) {
        int largest = 0;
        for (int bit : bits) {
            largest = Math.max(largest, bit & Integer.MAX_VALUE);
        }
        if (largest < F32_INFINITY) {
            return -1;
        }
        int i = 0;
        while ((bits[i] & Integer.MAX_VALUE) < F32_INFINITY) {
            i++;
        }
        return i;
    }

    private static int firstOf(short[] bits, int infinity) {
        int largest = 0;
        for (short bit : bits) {
            largest = Math.max(largest, bit & Short.MAX_VALUE);
        }
        if (largest < infinity) {
            return -1;
        }
        int i = 0;
        while ((bits[i] & Short.MAX_VALUE) < infinity) {
            i++;
        }
        return i;
    }
}
