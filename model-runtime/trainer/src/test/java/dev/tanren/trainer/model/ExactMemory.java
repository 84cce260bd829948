package dev.tanren.trainer.model;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.tanren.trainer.model.common.Matrix;
import dev.tanren.trainer.parameters.Bfloat16;
import dev.tanren.trainer.parameters.Format;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;

/// Matrices full of random numbers, always the same ones, and their bits after something was
/// computed on them.
final class ExactMemory implements AutoCloseable {

    private static final int ALIGNMENT = 64;

    private final Format format;
    private final int offset;
    private final Random random;
    private final Arena arena = Arena.ofShared();
    private final PointerScope scope = new PointerScope();
    private final List<MemorySegment> all = new ArrayList<>();

    /// @param format of the stream
    /// @param offset bytes after a boundary of 64 at which memory begins
    ExactMemory(Format format, int offset, long seed) {
        this.format = format;
        this.offset = offset;
        this.random = new Random(seed);
    }

    Format format() {
        return format;
    }

    Matrix stream(int rows, int columns) {
        return matrix(format, rows, columns, offset);
    }

    Matrix fp32(int rows, int columns) {
        return matrix(Format.FLOAT32, rows, columns, offset);
    }

    /// At a boundary, as the operands of libtorch's products are.
    Matrix aligned(int rows, int columns) {
        return matrix(format, rows, columns, 0);
    }

    Matrix alignedFp32(int rows, int columns) {
        return matrix(Format.FLOAT32, rows, columns, 0);
    }

    private Matrix matrix(Format of, int rows, int columns, int from) {
        long bytes = (long) rows * columns * of.bytes();
        MemorySegment part = arena.allocate(bytes + ALIGNMENT, ALIGNMENT).asSlice(from, bytes);
        Matrix matrix = Matrix.over(part, of, rows, columns);
        switch (of) {
            case FLOAT32 -> fill(part, random);
            case BFLOAT16 -> {
                for (long at = 0; at < bytes; at += Short.BYTES) {
                    short number = Bfloat16.round((float) random.nextGaussian());
                    part.set(JAVA_SHORT_UNALIGNED, at, number);
                }
            }
        }
        all.add(part);
        return matrix;
    }

    void fill(MemorySegment floats) {
        fill(floats, random);
    }

    static void fill(MemorySegment floats, Random random) {
        for (long at = 0; at < floats.byteSize(); at += Float.BYTES) {
            floats.set(JAVA_FLOAT_UNALIGNED, at, (float) random.nextGaussian());
        }
    }

    /// Counts these among the bits.
    void add(double[] numbers) {
        MemorySegment copy = arena.allocate((long) numbers.length * Double.BYTES, ALIGNMENT);
        MemorySegment.copy(numbers, 0, copy, JAVA_DOUBLE_UNALIGNED, 0, numbers.length);
        all.add(copy);
    }

    byte[] bits() {
        ByteArrayOutputStream bits = new ByteArrayOutputStream();
        all.forEach(part -> bits.writeBytes(part.toArray(JAVA_BYTE)));
        return bits.toByteArray();
    }

    @Override
    public void close() {
        scope.close();
        arena.close();
    }
}
