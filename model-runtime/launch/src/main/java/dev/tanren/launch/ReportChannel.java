package dev.tanren.launch;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// A launched process's end of its worker's socket: one JSON [Report] a line.
///
/// The socket is the process's lifeline: when it closes, the worker is gone, and what was given as
/// `orphaned` runs, once, on a thread of its own. Safe for use by many threads.
public final class ReportChannel implements AutoCloseable {

    private final SocketChannel channel;
    private volatile boolean closed;

    private ReportChannel(SocketChannel channel) {
        this.channel = channel;
    }

    /// Connects; when the worker goes away the process ends at once with [ExitCode#ORPHANED].
    ///
    /// @throws TanrenException `RANK_LAUNCH` where nobody listens
    public static ReportChannel connect(Path socket) {
        return connect(socket, () -> Runtime.getRuntime().halt(ExitCode.ORPHANED));
    }

    /// @param orphaned what to do when the worker goes away
    public static ReportChannel connect(Path socket, Runnable orphaned) {
        ReportChannel connected;
        try {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(socket));
            connected = new ReportChannel(channel);
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.RANK_LAUNCH,
                    "the worker does not listen: " + e.getMessage(),
                    socket.toString(),
                    "Processes of the model runtime are started by a worker.",
                    e);
        }
        Thread.ofPlatform().daemon().name("lifeline").start(() -> connected.awaitEnd(orphaned));
        return connected;
    }

    /// The worker writes nothing, so a read ends only with the connection.
    private void awaitEnd(Runnable orphaned) {
        ByteBuffer ignored = ByteBuffer.allocate(64);
        try {
            while (channel.read(ignored.clear()) >= 0) {
                Thread.onSpinWait();
            }
        } catch (IOException e) {
            // The connection broke, which means the same as its end.
        }
        if (!closed) {
            orphaned.run();
        }
    }

    /// Sends a report; returns when the operating system has it.
    ///
    /// A report that cannot be sent is dropped: the lifeline's end says the same.
    public synchronized void send(Report report) {
        ByteBuffer line = ByteBuffer.wrap((write(report) + "\n").getBytes(StandardCharsets.UTF_8));
        try {
            while (line.hasRemaining()) {
                channel.write(line);
            }
        } catch (IOException e) {
            System.getLogger(ReportChannel.class.getName())
                    .log(System.Logger.Level.DEBUG, "the worker is gone", e);
        }
    }

    /// Written as a [Report], so that `kind` is there.
    private static String write(Report report) {
        try {
            return Json.mapper().writerFor(Report.class).writeValueAsString(report);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IllegalArgumentException("no JSON for " + report.getClass(), e);
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            channel.close();
        } catch (IOException e) {
            System.getLogger(ReportChannel.class.getName())
                    .log(System.Logger.Level.DEBUG, "closing the worker's socket", e);
        }
    }
}
