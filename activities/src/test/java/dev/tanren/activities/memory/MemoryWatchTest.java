package dev.tanren.activities.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With processes that take real memory.
@Timeout(60)
class MemoryWatchTest {

    private static final long MIB = 1L << 20;

    private final List<Process> processes = new ArrayList<>();

    @TempDir private Path folder;

    @AfterEach
    void endsThem() {
        processes.forEach(Process::destroyForcibly);
    }

    @Test
    void aProcessThatTakesMoreIsPromisedMoreWhereItIsFree() throws Exception {
        WorkerMemory memory = memory(1_000, ControlGroups.none(), Optional.empty());
        Process process = start();
        try (MemoryLedger.Grant grant = memory.ask("work", 100 * MIB);
                MemoryWatch watch = watch(memory, grant, MemoryWatchTest::nothing)) {
            watch.add(process.pid());
            take(process, 200);

            until(() -> grant.bytes() > 200 * MIB);
            assertThat(memory.ledger().promisedBytes()).isEqualTo(grant.bytes());
        }
    }

    @Test
    void whatIsNotFreeIsToldAndAskedForTheNextTime() throws Exception {
        WorkerMemory memory = memory(1_000, ControlGroups.none(), Optional.empty());
        CompletableFuture<Long> exceeded = new CompletableFuture<>();
        Process process = start();
        try (MemoryLedger.Grant _ = memory.ask("other", 900 * MIB);
                MemoryLedger.Grant grant = memory.ask("work", 100 * MIB);
                MemoryWatch watch = watch(memory, grant, exceeded::complete)) {
            // Before it is looked at, or a look may fall into its growth.
            take(process, 200);
            watch.add(process.pid());

            assertThat(exceeded.get()).isGreaterThan(200 * MIB);
        }
        try (MemoryLedger.Grant next = memory.ask("work", 100 * MIB);
                MemoryLedger.Grant other = memory.ask("another", 100 * MIB)) {
            assertThat(next.bytes()).isBetween(250 * MIB, 500 * MIB);
            assertThat(other.bytes()).isEqualTo(100 * MIB);
        }
    }

    @Test
    void whoHasAllThereIsIsLeftToTheKernel() throws Exception {
        WorkerMemory memory = memory(100, ControlGroups.none(), Optional.empty());
        CompletableFuture<Long> exceeded = new CompletableFuture<>();
        Process process = start();
        try (MemoryLedger.Grant grant = memory.ask("work", 100 * MIB);
                MemoryWatch watch = watch(memory, grant, exceeded::complete)) {
            watch.add(process.pid());
            take(process, 200);
            until(() -> watch.peak(process.pid()) > 200 * MIB);

            assertThat(exceeded).isNotDone();
            assertThat(watch.asksForMore()).isFalse();
        }
    }

    @Test
    void aKillWhileAnotherOnesKillWasCountedIsNoKillForMemory() throws Exception {
        ControlGroup machine = counting(3);
        WorkerMemory memory = memory(1_000, ControlGroups.countedBy(machine), Optional.empty());
        Process small = start();
        Process large = start();
        try (MemoryLedger.Grant grant = memory.ask("work", 900 * MIB);
                MemoryWatch watch = watch(memory, grant, MemoryWatchTest::nothing)) {
            watch.add(small.pid());
            watch.add(large.pid());
            take(large, 200);
            until(() -> watch.peak(large.pid()) > 200 * MIB && watch.peak(small.pid()) > 0);
            assertThat(watch.killed(large.pid(), 200 * MIB)).as("nothing was counted").isFalse();

            count(machine, 4);

            assertThat(watch.killed(small.pid(), 200 * MIB)).isFalse();
            assertThat(watch.killed(large.pid(), 200 * MIB)).isTrue();
        }
    }

    @Test
    void theKernelsLogSaysWhomItKilled() throws Exception {
        String killed =
                "[%.3f] Memory cgroup out of memory: Killed process 4242 (java) total-vm:9kB"
                        .formatted(KernelLog.uptime() + 5);
        String before =
                "[%.3f] Out of memory: Killed process 4243 (java) total-vm:9kB"
                        .formatted(KernelLog.uptime() - 50);
        ControlGroup machine = counting(0);
        WorkerMemory memory =
                memory(
                        1_000,
                        ControlGroups.countedBy(machine),
                        Optional.of(List.of("[1.0] eth0 is up", before, killed)));
        try (MemoryLedger.Grant grant = memory.ask("work", 10 * MIB);
                MemoryWatch watch = watch(memory, grant, MemoryWatchTest::nothing)) {
            count(machine, 2);

            assertThat(watch.killed(4242, 10 * MIB)).isTrue();
            assertThat(watch.killed(4243, 0)).as("before the start").isFalse();
            assertThat(watch.killed(424, 0)).isFalse();
        }
    }

    @Test
    void aGroupOfItsOwnHoldsTheLimitAndTellsItsKillsFromOthers() throws Exception {
        ControlGroups groups = ControlGroups.ofThisProcess();
        Optional<ControlGroup> probe = groups.make("probe", 100 * MIB);
        assumeTrue(probe.isPresent(), "no control groups can be made here");
        probe.get().close();
        WorkerMemory memory = memory(300, groups, Optional.empty());
        Process taker = start();
        Process other = start();
        try (MemoryLedger.Grant grant = memory.ask("work", 100 * MIB);
                MemoryWatch watch = watch(memory, grant, taken -> {});
                MemoryLedger.Grant _ = memory.ask("other", 100 * MIB);
                MemoryLedger.Grant beside = memory.ask("beside", 100 * MIB);
                MemoryWatch watchBeside =
                        MemoryWatch.start(
                                memory,
                                "beside",
                                "test-beside",
                                beside,
                                MemoryWatchTest::nothing)) {
            watch.add(taker.pid());
            watchBeside.add(other.pid());

            tell(taker, 300);
            assertThat(taker.waitFor()).isEqualTo(137);
            other.destroyForcibly().waitFor();

            assertThat(watch.killed(taker.pid(), 100 * MIB)).isTrue();
            assertThat(watchBeside.killed(other.pid(), 0)).isFalse();
            assertThat(watch.asksForMore()).isTrue();
        }
        try (MemoryLedger.Grant next = memory.ask("work", 100 * MIB)) {
            assertThat(next.bytes()).isEqualTo(200 * MIB);
        }
    }

    private static WorkerMemory memory(
            long mebibytes, ControlGroups groups, Optional<List<String>> log) {
        return new WorkerMemory(
                new MemoryLedger(mebibytes * MIB), groups, new KernelLog(() -> log), false);
    }

    private static MemoryWatch watch(
            WorkerMemory memory, MemoryLedger.Grant grant, LongConsumer exceeded) {
        return MemoryWatch.start(memory, "work", "test", grant, exceeded);
    }

    private static void nothing(long taken) {
        throw new AssertionError("nothing is exceeded, but " + taken);
    }

    private ControlGroup counting(long kills) throws IOException {
        ControlGroup group = new ControlGroup(folder, ControlGroup.Version.V2);
        count(group, kills);
        return group;
    }

    private static void count(ControlGroup group, long kills) throws IOException {
        Files.writeString(
                group.folder().resolve("memory.events"),
                "low 0\noom 9\noom_kill " + kills + "\noom_group_kill 0\n");
    }

    private Process start() throws Exception {
        Process process = TakesMemory.start();
        processes.add(process);
        answer(process, "ready");
        return process;
    }

    private static void take(Process process, int mebibytes) throws IOException {
        tell(process, mebibytes);
        answer(process, "taken");
    }

    private static void tell(Process process, int mebibytes) throws IOException {
        process.getOutputStream().write((mebibytes + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    private static void answer(Process process, String expected) throws IOException {
        BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
        assertThat(lines.readLine()).isEqualTo(expected);
    }

    private interface Condition {
        boolean holds();
    }

    private static void until(Condition condition) throws InterruptedException {
        while (!condition.holds()) {
            Thread.sleep(Duration.ofMillis(20));
        }
    }
}
