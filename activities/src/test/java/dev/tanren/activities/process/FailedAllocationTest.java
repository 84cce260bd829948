package dev.tanren.activities.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FailedAllocationTest {

    @TempDir private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "java.lang.OutOfMemoryError: Java heap space",
                """
                # There is insufficient memory for the Java Runtime Environment to continue.
                # Native memory allocation (mmap) failed to map 65536 bytes. Error detail: committing\
                """,
                "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate"
                        + " memory: you tried to allocate 4194304 bytes."
            })
    void heapTheJvmItselfAndLibtorchSayInTheLogThatMemoryRanOut(String said) throws IOException {
        Path log = Files.writeString(folder.resolve("rank-0.log"), "step 3\n" + said + "\n");

        assertThat(FailedAllocation.namedIn(log)).isTrue();
    }

    @Test
    void aLogThatTellsOfSomethingElseAndOneThatIsGoneNameNone() throws IOException {
        Path log = Files.writeString(folder.resolve("rank-0.log"), "SIGSEGV (0xb) at pc=0x7f\n");

        assertThat(FailedAllocation.namedIn(log)).isFalse();
        assertThat(FailedAllocation.namedIn(folder.resolve("gone.log"))).isFalse();
    }
}
