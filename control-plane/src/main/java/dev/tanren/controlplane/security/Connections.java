package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import io.netty.channel.Channel;
import io.netty.channel.ServerChannel;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.util.concurrent.EventExecutor;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Vertx;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Closes connections on which no request is at work for long: those that are idle, and those whose
/// head comes so slowly that it never becomes a request. What is at work is left alone, however
/// long it takes and however little it sends, as event streams and long downloads do, unless the
/// client takes nothing of what waits for it all that time.
///
/// Vert.x knows only of connections that are silent, in either direction and whatever is at work on
/// them. So this looks itself, at each event loop's channels, a few times within the limit.
@Singleton
class Connections {

    private static final int LOOKS_IN_A_LIMIT = 5;
    private static final long LONGEST_BETWEEN_LOOKS_MILLIS = 1_000;

    private final Vertx vertx;
    private final Duration patience;
    private final ConcurrentHashMap<Ends, Use> uses = new ConcurrentHashMap<>();

    Connections(Vertx vertx, Settings settings) {
        this.vertx = vertx;
        this.patience = settings.connectionPatience();
    }

    /// Vert.x deprecates the access to its event loops for everyone outside; there is no other one.
    @SuppressWarnings("deprecation")
    void begin(@Observes StartupEvent start) {
        long between =
                Math.max(
                        1,
                        Math.min(
                                LONGEST_BETWEEN_LOOKS_MILLIS,
                                patience.toMillis() / LOOKS_IN_A_LIMIT));
        for (EventExecutor executor : vertx.nettyEventLoopGroup()) {
            if (executor instanceof SingleThreadEventLoop loop) {
                var _ =
                        loop.scheduleWithFixedDelay(
                                () -> look(loop), between, between, TimeUnit.MILLISECONDS);
            }
        }
    }

    /// Counts a request as at work until its answer has ended, or its connection has.
    void watch(RoutingContext request) {
        Ends ends =
                Ends.of(
                        request.request().connection().remoteAddress(),
                        request.request().connection().localAddress());
        uses.compute(ends, (_, use) -> use == null ? new Use() : use).atWork.incrementAndGet();
        request.addEndHandler(
                _ -> {
                    Use use = uses.get(ends);
                    if (use != null) {
                        use.freeSince = System.nanoTime();
                        use.atWork.decrementAndGet();
                    }
                });
    }

    /// Whether there is a connection from this port of this machine, as far as is known.
    boolean isOpen(int remotePort) {
        return uses.keySet().stream().anyMatch(ends -> ends.remotePort == remotePort);
    }

    private void look(SingleThreadEventLoop loop) {
        long now = System.nanoTime();
        Iterator<Channel> channels = loop.registeredChannelsIterator();
        while (channels.hasNext()) {
            Channel channel = channels.next();
            if (channel.parent() instanceof ServerChannel) {
                look(channel, now);
            }
        }
        long forgotten = 2 * patience.toNanos();
        uses.values()
                .removeIf(
                        use ->
                                use.atWork.get() == 0
                                        && now - use.seen > forgotten
                                        && now - use.freeSince > forgotten);
    }

    private void look(Channel channel, long now) {
        Ends ends = Ends.of(channel);
        if (ends == null) {
            return;
        }
        Use use = uses.computeIfAbsent(ends, _ -> new Use());
        use.seen = now;
        long limit = patience.toNanos();
        boolean idle = use.atWork.get() == 0 && now - use.freeSince > limit;
        if (idle || use.takesNothing(channel.bytesBeforeWritable(), now, limit)) {
            uses.remove(ends);
            var _ = channel.close();
        }
    }

    /// Both ends of a connection, which are those of no other one as long as it lives.
    private record Ends(String remote, int remotePort, int localPort) {

        static Ends of(SocketAddress remote, SocketAddress local) {
            return new Ends(remote.hostAddress(), remote.port(), local.port());
        }

        static @Nullable Ends of(Channel channel) {
            return channel.remoteAddress() instanceof InetSocketAddress remote
                            && channel.localAddress() instanceof InetSocketAddress local
                    ? new Ends(
                            remote.getAddress().getHostAddress(), remote.getPort(), local.getPort())
                    : null;
        }
    }

    private static final class Use {
        private final AtomicInteger atWork = new AtomicInteger();
        private volatile long freeSince = System.nanoTime();
        private volatile long seen = System.nanoTime();

        /// Read and written by the connection's event loop alone.
        private long waiting;

        private long waitingSince;

        /// @param bytes that the client must take before more is sent; 0 where it keeps up
        private boolean takesNothing(long bytes, long now, long limit) {
            if (bytes == 0 || bytes != waiting) {
                waiting = bytes;
                waitingSince = now;
            }
            return now - waitingSince > limit;
        }
    }
}
