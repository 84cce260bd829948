package dev.tanren.trainer.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.trainer.parameters.FlatBuffer;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// Two ranks in one process, over real sockets.
class GlooProcessGroupTest {

    private static final Duration SHORT = Duration.ofSeconds(1);

    @Test
    void twoRanksSwapWhatTheyHave() throws Exception {
        try (Pair pair = Pair.meet();
                FlatBuffer own = FlatBuffer.allocate(4);
                FlatBuffer others = FlatBuffer.allocate(4);
                FlatBuffer swapped = FlatBuffer.allocate(4)) {
            own.segment().setAtIndex(ValueLayout.JAVA_FLOAT, 2, 1.5f);
            CompletableFuture<Void> other =
                    CompletableFuture.runAsync(
                            () -> pair.second.exchange(0, swapped.tensor(), others.tensor()));
            pair.first.exchange(1, own.tensor(), swapped.tensor().clone());
            other.join();
            assertThat(others.segment().getAtIndex(ValueLayout.JAVA_FLOAT, 2)).isEqualTo(1.5f);
        }
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
