package dev.tanren.trainer.parameters;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class Bfloat16Test {

    private static final int ALL = 1 << 16;

    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void free() {
        arena.close();
    }

    @Test
    void everyNumberComesBackAsItWas() {
        MemorySegment all = allocate(ALL);
        for (int half = 0; half < ALL; half++) {
            all.setAtIndex(JAVA_SHORT, half, (short) half);
        }
        float[] wide = new float[ALL];
        Bfloat16.read(all, 0, wide, 0, ALL);
        int[] bits = new int[ALL];
        Bfloat16.readBits(all, 0, bits, ALL);
        MemorySegment again = allocate(ALL);
        Bfloat16.write(wide, 0, again, 0, ALL);
        for (int half = 0; half < ALL; half++) {
            float expected = Float.intBitsToFloat(half << 16);
            assertThat(bits[half]).isEqualTo(half << 16);
            short written = again.getAtIndex(JAVA_SHORT, half);
            if (Float.isNaN(expected)) {
                assertThat(wide[half]).isNaN();
                assertThat(Bfloat16.widen(written)).isNaN();
                assertThat(written & 0x40).as("quiet").isEqualTo(0x40);
            } else {
                assertThat(Float.floatToRawIntBits(wide[half])).isEqualTo(half << 16);
                assertThat(Bfloat16.widen((short) half)).isEqualTo(expected);
                assertThat(written).isEqualTo((short) half);
            }
        }
    }

    @Test
    void whatLiesBetweenGoesToTheNearestAndHalvesToTheEvenOne() {
        // Up to the step from the largest number to infinity, of both signs.
        for (int half = 0; half < 0x7f80; half++) {
            for (int sign : new int[] {0, 1 << 31}) {
                int down = half << 16 | sign;
                int up = (half + 1) << 16 | sign;
                int even = half % 2 == 0 ? down : up;
                assertRounded(down | 0x7fff, down);
                assertRounded(down | 0x8000, even);
                assertRounded(down | 0x8001, up);
                assertRounded(down | 0x0001, down);
                assertRounded(down | 0xffff, up);
            }
        }
    }

    private void assertRounded(int bits, int expected) {
        assertThat(Bfloat16.round(Float.intBitsToFloat(bits)) << 16)
                .as("%08x", bits)
                .isEqualTo(expected);
    }

    @Test
    void whatIsNoNumberStaysNoneEvenWhereOnlyLowBitsSaySo() {
        for (int bits : new int[] {0x7f800001, 0x7fffffff, 0xff800001, 0xffffffff, 0x7fc00000}) {
            float[] value = {Float.intBitsToFloat(bits)};
            MemorySegment memory = allocate(1);
            Bfloat16.write(value, 0, memory, 0, 1);
            assertThat(Bfloat16.widen(memory.getAtIndex(JAVA_SHORT, 0))).isNaN();
            assertThat(Bfloat16.widen(Bfloat16.round(value[0]))).isNaN();
        }
    }

    @Test
    void partsOfArraysAndMemoryLeaveTheRestAlone() {
        int count = 2500;
        float[] values = new float[count + 20];
        for (int i = 0; i < values.length; i++) {
            values[i] = i * 1.7f - 900;
        }
        MemorySegment memory = allocate(count + 30);
        memory.fill((byte) 0x5a);
        Bfloat16.write(values, 7, memory, 9 * 2, count);
        float[] back = new float[count + 20];
        Bfloat16.read(memory, 9 * 2, back, 5, count);
        for (int i = 0; i < count; i++) {
            assertThat(back[5 + i]).isEqualTo(Bfloat16.widen(Bfloat16.round(values[7 + i])));
        }
        assertThat(back[4]).isZero();
        assertThat(back[5 + count]).isZero();
        assertThat(memory.getAtIndex(JAVA_SHORT, 8)).isEqualTo((short) 0x5a5a);
        assertThat(memory.getAtIndex(JAVA_SHORT, 9 + count)).isEqualTo((short) 0x5a5a);
    }

    private MemorySegment allocate(int halves) {
        return arena.allocate(halves * 2L, 64);
    }
}
