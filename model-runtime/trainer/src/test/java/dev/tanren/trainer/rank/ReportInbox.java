package dev.tanren.trainer.rank;

import dev.tanren.launch.Report;
import dev.tanren.plan.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// A worker's end of the socket that ranks report on.
final class ReportInbox implements AutoCloseable {

    private final Consumer<Report> watcher;
    private final ServerSocketChannel listener;
    private final List<SocketChannel> connections = new ArrayList<>();
    private final List<Report> reports = new ArrayList<>();

    private ReportInbox(ServerSocketChannel listener, Consumer<Report> watcher) {
        this.listener = listener;
        this.watcher = watcher;
    }

    /// @param watcher hears every report, on a thread of its rank's
    static ReportInbox listen(Path socket, Consumer<Report> watcher) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
        ReportInbox inbox = new ReportInbox(listener, watcher);
        Thread.ofVirtual().start(inbox::accept);
        return inbox;
    }

    private void accept() {
        try {
            while (true) {
                SocketChannel connection = listener.accept();
                synchronized (this) {
                    connections.add(connection);
                }
                Thread.ofVirtual().start(() -> read(connection));
            }
        } catch (IOException e) {
            // The inbox is closed.
        }
    }

    private void read(SocketChannel connection) {
        try (BufferedReader lines =
                new BufferedReader(
                        new InputStreamReader(
                                Channels.newInputStream(connection), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Report report = Json.read(line, Report.class);
                synchronized (this) {
                    reports.add(report);
                    notifyAll();
                }
                watcher.accept(report);
            }
        } catch (IOException e) {
            // The rank is gone.
        }
    }

    synchronized List<Report> reports() {
        return List.copyOf(reports);
    }

    /// Waits until a report comes for which the condition holds.
    ///
    /// @return whether one came within a minute
    synchronized boolean await(Predicate<Report> condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (reports.stream().noneMatch(condition)) {
            if (System.nanoTime() > end) {
                return false;
            }
            wait(1000);
        }
        return true;
    }

    /// Closes the worker's end of all connections.
    synchronized void abandon() throws IOException {
        for (SocketChannel connection : connections) {
            connection.close();
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        abandon();
    }
}
