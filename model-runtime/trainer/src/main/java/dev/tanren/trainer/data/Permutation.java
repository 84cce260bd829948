package dev.tanren.trainer.data;

import java.nio.charset.StandardCharsets;

/// A seeded bijection on the numbers below `size`, computed number by number: no table, so an
/// epoch of any size costs nothing to begin or to resume in its middle.
///
/// It is a balanced Feistel network on the next even number of bits; numbers that fall outside
/// the range walk on along their cycle until they are inside (Black and Rogaway, *Ciphers with
/// Arbitrary Finite Domains*, 2002). At most four steps on average.
final class Permutation {

    private static final int ROUNDS = 6;
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final long size;
    private final long key;
    private final int halfBits;
    private final long halfMask;

    /// @param size at least 1
    Permutation(long size, long key) {
        if (size < 1) {
            throw new IllegalArgumentException("a permutation of " + size + " numbers");
        }
        this.size = size;
        this.key = key;
        int bits = 64 - Long.numberOfLeadingZeros(size - 1);
        this.halfBits = Math.max(1, (bits + 1) / 2);
        this.halfMask = (1L << halfBits) - 1;
    }

    /// @param number 0 to `size - 1`
    long apply(long number) {
        if (number < 0 || number >= size) {
            throw new IndexOutOfBoundsException(number + " is not below " + size);
        }
        long image = number;
        do {
            image = network(image);
        } while (image >= size);
        return image;
    }

    private long network(long value) {
        long left = value >>> halfBits;
        long right = value & halfMask;
        for (int round = 0; round < ROUNDS; round++) {
            long next = left ^ (mix(right + mix(key + round * GOLDEN)) & halfMask);
            left = right;
            right = next;
        }
        return (left << halfBits) | right;
    }

    /// A key from a seed and words that tell one use of the seed from another.
    static long key(long seed, String... words) {
        long hash = mix(seed);
        for (String word : words) {
            for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
                hash = mix(hash * 31 + b);
            }
            hash = mix(hash + GOLDEN);
        }
        return hash;
    }

    /// SplitMix64's finaliser (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number
    /// Generators*, 2014).
    private static long mix(long value) {
        long z = value + GOLDEN;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
