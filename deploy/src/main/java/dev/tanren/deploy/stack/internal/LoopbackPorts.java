package dev.tanren.deploy.stack.internal;

import dev.tanren.deploy.stack.Ports;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.IntPredicate;

/// Chooses where the parts listen.
final class LoopbackPorts {

    /// Below the range that Linux gives to outgoing connections, so that a part finds its port free
    /// when it is started again.
    private static final int LOWEST = 20_000;

    private static final int HIGHEST = 32_000;
    private static final int TRIES = 200;

    private LoopbackPorts() {}

    /// Keeps the ports of the last start where they can be had, and chooses others in place of
    /// those that somebody else has taken.
    ///
    /// @param ours whether a port is held by a part that an earlier supervisor left behind
    /// @throws TanrenException `PORT_TAKEN` for the console's, which people have in their bookmarks
    static Ports choose(Optional<Ports> last, int console, IntPredicate ours) {
        if (!usable(console, ours)) {
            throw new TanrenException(
                    ErrorCode.PORT_TAKEN,
                    "Port " + console + ", which the console needs, is taken by another program.",
                    "127.0.0.1:" + console,
                    "Stop that program, or choose another port, for example --port "
                            + free(console));
        }
        return new Ports(
                console,
                keep(last.map(Ports::postgres), console, ours),
                keep(last.map(Ports::objects), console, ours),
                keep(last.map(Ports::temporal), console, ours),
                keep(last.map(Ports::temporalHttp), console, port -> oursAsTemporal(last, ours)));
    }

    /// One process holds both of Temporal's ports, and a part is recorded by its first.
    private static boolean oursAsTemporal(Optional<Ports> last, IntPredicate ours) {
        return last.isPresent() && ours.test(last.get().temporal());
    }

    private static int keep(Optional<Integer> last, int console, IntPredicate ours) {
        return last.filter(port -> port >= LOWEST && port < HIGHEST)
                .filter(port -> port != console && usable(port, ours))
                .orElseGet(() -> free(console));
    }

    private static boolean usable(int port, IntPredicate ours) {
        return ours.test(port) || isFree(port);
    }

    private static int free(int except) {
        for (int i = 0; i < TRIES; i++) {
            int port = ThreadLocalRandom.current().nextInt(LOWEST, HIGHEST);
            if (port != except && isFree(port)) {
                return port;
            }
        }
        throw new TanrenException(
                ErrorCode.PORT_TAKEN,
                "No free port was found between " + LOWEST + " and " + HIGHEST + ".",
                "127.0.0.1",
                "Stop programs that listen there.");
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }
}
