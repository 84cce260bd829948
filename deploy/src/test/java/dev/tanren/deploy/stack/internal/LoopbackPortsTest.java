package dev.tanren.deploy.stack.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.deploy.stack.Ports;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LoopbackPortsTest {

    @Test
    void bothPortsOfATemporalThatWasLeftBehindAreKept() throws Exception {
        Ports last = LoopbackPorts.choose(Optional.empty(), free(), port -> false);
        try (ServerSocket first = listen(last.temporal());
                ServerSocket second = listen(last.temporalHttp())) {
            Ports next =
                    LoopbackPorts.choose(
                            Optional.of(last),
                            last.console(),
                            port -> port == first.getLocalPort());

            assertThat(second.isBound()).isTrue();
            assertThat(next).isEqualTo(last);
        }
    }

    @Test
    void aPortThatAStrangerHasTakenIsReplacedAndTheOthersAreKept() throws Exception {
        Ports last = LoopbackPorts.choose(Optional.empty(), free(), port -> false);
        try (ServerSocket taken = listen(last.objects())) {
            Ports next = LoopbackPorts.choose(Optional.of(last), last.console(), port -> false);

            assertThat(next.objects()).isNotEqualTo(taken.getLocalPort());
            assertThat(next.postgres()).isEqualTo(last.postgres());
            assertThat(next.temporal()).isEqualTo(last.temporal());
        }
    }

    /// A start that failed has told no ports, and older ones told port 1, which an administrator
    /// could even listen on: no part would come up there ever again.
    @Test
    void portsThatAStartWhichFailedHasNotChosenAreChosenByTheNext() throws Exception {
        int console = free();
        for (Ports failed : List.of(Ports.notChosen(console), new Ports(console, 1, 1, 1, 1))) {
            Ports next = LoopbackPorts.choose(Optional.of(failed), console, port -> false);

            assertThat(
                            List.of(
                                    next.postgres(),
                                    next.objects(),
                                    next.temporal(),
                                    next.temporalHttp()))
                    .allMatch(port -> port >= 20_000);
        }
    }

    private static ServerSocket listen(int port) throws IOException {
        return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
    }

    private static int free() throws IOException {
        try (ServerSocket socket = listen(0)) {
            return socket.getLocalPort();
        }
    }
}
