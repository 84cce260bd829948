package dev.tanren.trainer.parameters;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;

/// Copies between bf16 in memory and fp32 in arrays.
///
/// Widening is exact. Rounding is to the nearest, halves to even, as processors and PyTorch do it;
/// what is beyond the largest number becomes infinity, and what is no number stays none. Numbers
/// pass through arrays of their bits, because C2 makes vectors of loops over arrays of integers, if
/// not of one that narrows them to `short`: that took six times as long. So they are rounded as
/// integers, and each two are packed into one out of a `long`; processors are little-endian.
public final class Bfloat16 {

    /// Elements that are in the first-level cache at once.
    private static final int TILE = 1024;

    private static final int INFINITY = 0x7f800000;

    private static final ThreadLocal<Tile> TILES = ThreadLocal.withInitial(Tile::new);

    private static final class Tile {
        final short[] halves = new short[TILE];
        final int[] bits = new int[TILE];
        final MemorySegment bitBytes = MemorySegment.ofArray(bits);
        final long[] pairs = new long[TILE / 2];
        final MemorySegment pairBytes = MemorySegment.ofArray(pairs);
        final int[] packed = new int[TILE / 2];
        final MemorySegment packedBytes = MemorySegment.ofArray(packed);
    }

    private Bfloat16() {}

    /// The nearest bf16.
    public static short round(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) rounded(bits);
    }

    /// The same number in fp32.
    public static float widen(short half) {
        return Float.intBitsToFloat(half << 16);
    }

    /// Reads `count` numbers from the byte `from` on into `to`, from its element `at` on.
    public static void read(MemorySegment source, long from, float[] to, int at, int count) {
        Tile tile = TILES.get();
        MemorySegment target = MemorySegment.ofArray(to);
        for (int done = 0; done < count; done += TILE) {
            int part = Math.min(TILE, count - done);
            long place = from + (long) done * Short.BYTES;
            MemorySegment.copy(source, JAVA_SHORT, place, tile.halves, 0, part);
            widen(tile.halves, tile.bits, 0, part);
            long there = (long) (at + done) * Float.BYTES;
            MemorySegment.copy(tile.bitBytes, 0, target, there, (long) part * Float.BYTES);
        }
    }

    /// The same as the bits of fp32, into the first elements of `to`.
    public static void readBits(MemorySegment source, long from, int[] to, int count) {
        Tile tile = TILES.get();
        for (int done = 0; done < count; done += TILE) {
            int part = Math.min(TILE, count - done);
            long place = from + (long) done * Short.BYTES;
            MemorySegment.copy(source, JAVA_SHORT, place, tile.halves, 0, part);
            widen(tile.halves, to, done, part);
        }
    }

    /// Writes `count` numbers, from the element `at` of `from` on, to the byte `to` on.
    public static void write(float[] from, int at, MemorySegment target, long to, int count) {
        write(MemorySegment.ofArray(from), (long) at * Float.BYTES, target, to, count);
    }

    /// Rounds `count` numbers of fp32 memory; `from` and `to` are bytes.
    public static void write(
            MemorySegment source, long from, MemorySegment target, long to, int count) {
        Tile tile = TILES.get();
        for (int done = 0; done < count; done += TILE) {
            int part = Math.min(TILE, count - done);
            long there = from + (long) done * Float.BYTES;
            MemorySegment.copy(source, there, tile.bitBytes, 0, (long) part * Float.BYTES);
            round(tile.bits, part);
            MemorySegment.copy(tile.bitBytes, 0, tile.pairBytes, 0, (long) part * Float.BYTES);
            pack(tile.pairs, tile.packed, (part + 1) / 2);
            long place = to + (long) done * Short.BYTES;
            MemorySegment.copy(tile.packedBytes, 0, target, place, (long) part * Short.BYTES);
        }
    }

    private static void widen(short[] halves, int[] bits, int at, int count) {
        for (int i = 0; i < count; i++) {
            bits[at + i] = halves[i] << 16;
        }
    }

    private static void round(int[] bits, int count) {
        for (int i = 0; i < count; i++) {
            bits[i] = rounded(bits[i]);
        }
    }

    /// The low halves of both integers of each pair.
    private static void pack(long[] pairs, int[] packed, int count) {
        for (int i = 0; i < count; i++) {
            packed[i] = (int) ((pairs[i] & 0xffff) | (pairs[i] >>> 16));
        }
    }

    /// Without branches, for vectors: all bits of `none` are set where there is no number, whose
    /// quiet form is then taken.
    private static int rounded(int bits) {
        int none = (INFINITY - (bits & Integer.MAX_VALUE)) >> 31;
        int nearest = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
        int quiet = (bits >>> 16) | 0x40;
        return (nearest & ~none) | (quiet & none);
    }
}
