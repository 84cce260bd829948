package dev.tanren.deploy.stack.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StackMemoryTest {

    private static final long GIB = 1L << 30;
    private static final long MIB = 1L << 20;

    @Test
    void oneWorkerHasWhatTheStackLeaves() {
        assertThat(StackMemory.ofWorker(16 * GIB, 1)).isEqualTo(16 * GIB - 2_176 * MIB);
    }

    @Test
    void severalWorkersShareIt() {
        long each = StackMemory.ofWorker(16 * GIB, 2);

        assertThat(each).isEqualTo((16 * GIB - 2_816 * MIB) / 2);
        assertThat(2 * each).isLessThan(16 * GIB);
    }

    @Test
    void onASmallMachineHalfOfItIsForRanks() {
        assertThat(StackMemory.ofWorker(2 * GIB, 1)).isEqualTo(GIB);
    }
}
