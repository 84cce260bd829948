package dev.tanren.trainer.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two ranks in one process, over real sockets.
class GlooProcessGroupTest {

    private static final Duration SHORT = Duration.ofSeconds(1);

    @Test
    void twoRanksSwapWhatTheyHave() throws Exception {
        try (Pair pair = Pair.meet();
                FlatBuffer of0 = FlatBuffer.allocate(4);
                FlatBuffer of1 = FlatBuffer.allocate(4);
                FlatBuffer at0 = FlatBuffer.allocate(4);
                FlatBuffer at1 = FlatBuffer.allocate(4)) {
            of0.segment().setAtIndex(ValueLayout.JAVA_FLOAT, 2, 1.5f);
            of1.segment().setAtIndex(ValueLayout.JAVA_FLOAT, 3, -2.5f);
            CompletableFuture<Void> other =
                    CompletableFuture.runAsync(
                            () -> pair.second.exchange(0, of1.tensor(), at1.tensor()));
            pair.first.exchange(1, of0.tensor(), at0.tensor());
            other.join();
            assertThat(at1.segment().mismatch(of0.segment())).isEqualTo(-1);
            assertThat(at0.segment().mismatch(of1.segment())).isEqualTo(-1);
        }
    }

    /// In a process of its own, which would end by a signal, and in which freed memory is
    /// overwritten, so that its use shows.
    @Test
    void closingGroupsThatHaveExchangedUsesNothingThatWasFreed(@TempDir Path folder)
            throws Exception {
        Path output = folder.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        GlooProcessGroupTest.class.getName());
        builder.environment().put("MALLOC_PERTURB_", "85");
        builder.environment().put("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0");
        builder.directory(folder.toFile());
        builder.redirectErrorStream(true).redirectOutput(output.toFile());

        int exit = builder.start().waitFor();

        assertThat(exit).as(() -> read(output)).isZero();
    }

    private static String read(Path output) {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static void main(String[] arguments) throws Exception {
        for (int i = 0; i < 40; i++) {
            try (Pair pair = Pair.meet();
                    FlatBuffer sent = FlatBuffer.allocate(1000);
                    FlatBuffer received = FlatBuffer.allocate(1000)) {
                CompletableFuture<Void> other =
                        CompletableFuture.runAsync(
                                () -> pair.second.exchange(0, sent.tensor(), received.tensor()));
                pair.first.exchange(1, sent.tensor(), received.tensor());
                other.join();
            }
        }
    }

    @Test
    void nothingListensButAtTheAddressThatWasGiven() throws Exception {
        List<String> before = listening();
        try (Pair pair = Pair.meet()) {
            List<String> opened = new ArrayList<>(listening());
            before.forEach(opened::remove);

            assertThat(opened)
                    .as("the store's, and one of each rank: 127.0.0.1 in the kernel's notation")
                    .hasSize(3)
                    .allMatch(address -> address.startsWith("0100007F:"));
            assertThat(pair.first.worldSize()).isEqualTo(2);
        }
    }

    @Test
    void aPortThatIsTakenIsSaid() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> GlooProcessGroup.join(meeting(taken.getLocalPort()), 0, 2))
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort())
                    .isInstanceOfSatisfying(
                            TanrenException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.COLLECTIVE_FAILED));
        }
    }

    /// Addresses of this process's listening TCP sockets, as the kernel lists them.
    private static List<String> listening() throws IOException {
        Set<String> own = new HashSet<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors.toList()) {
                try {
                    own.add(Files.readSymbolicLink(descriptor).toString());
                } catch (IOException closedMeanwhile) {
                    // Not one that listens.
                }
            }
        }
        List<String> found = new ArrayList<>();
        for (String table : List.of("/proc/self/net/tcp", "/proc/self/net/tcp6")) {
            for (String line : Files.readAllLines(Path.of(table))) {
                String[] fields = line.strip().split("\\s+", -1);
                if (fields[3].equals("0A") && own.contains("socket:[" + fields[9] + "]")) {
                    found.add(fields[1]);
                }
            }
        }
        return found;
    }

    @Test
    void aPeerThatIsThereAndDoesNotAnswerEndsTheTransferAtItsLimit() throws Exception {
        try (Pair pair = Pair.meet();
                FlatBuffer own = FlatBuffer.allocate(4);
                FlatBuffer others = FlatBuffer.allocate(4)) {
            assertThatThrownBy(() -> pair.first.exchange(1, own.tensor(), others.tensor()))
                    .hasMessageContaining("a transfer with rank 1 failed")
                    .isInstanceOfSatisfying(
                            TanrenException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.COLLECTIVE_FAILED));
        }
    }

    @Test
    void aRankThatNobodyJoinsEndsItsWaitAtItsLimit() throws Exception {
        GlooProcessGroup.Meeting meeting = meeting(freePort());
        assertThatThrownBy(() -> GlooProcessGroup.join(meeting, 0, 2))
                .hasMessageContaining("the ranks did not all meet within PT1S")
                .isInstanceOfSatisfying(
                        TanrenException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.COLLECTIVE_FAILED));
    }

    private static GlooProcessGroup.Meeting meeting(int port) {
        return new GlooProcessGroup.Meeting("127.0.0.1", port, "1", "127.0.0.1", SHORT, SHORT);
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }

    private record Pair(GlooProcessGroup first, GlooProcessGroup second) implements AutoCloseable {

        static Pair meet() throws IOException {
            GlooProcessGroup.Meeting meeting =
                    new GlooProcessGroup.Meeting(
                            "127.0.0.1",
                            freePort(),
                            "1",
                            "127.0.0.1",
                            Duration.ofSeconds(30),
                            SHORT);
            CompletableFuture<GlooProcessGroup> second =
                    CompletableFuture.supplyAsync(() -> GlooProcessGroup.join(meeting, 1, 2));
            return new Pair(GlooProcessGroup.join(meeting, 0, 2), second.join());
        }

        @Override
        public void close() {
            second.close();
            first.close();
        }
    }
}
