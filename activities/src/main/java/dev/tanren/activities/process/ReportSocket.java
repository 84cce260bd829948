package dev.tanren.activities.process;

import dev.tanren.launch.Report;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The Unix domain socket on which launched processes report.
///
/// The connections stay open as long as this does: when they close, the processes know that their
/// worker is gone. Reports of one process arrive in order.
public final class ReportSocket implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ReportSocket.class);

    /// Characters of a report, with its line; the longest is that of a save with thousands of
    /// tensors.
    private static final int LONGEST_REPORT = 16 << 20;

    /// `sun_path` holds 108 bytes with the closing zero, of which Java leaves one more unused.
    private static final int LONGEST_PATH = 106;

    private static final String SOCKET = "reports.sock";

    /// Begins the names of folders for sockets whose own folder has too long a name.
    private static final String SHORT = "tnr-";

    private final Path path;
    private final ServerSocketChannel server;
    private final Consumer<Report> reports;
    private final Set<SocketChannel> connections = ConcurrentHashMap.newKeySet();

    private ReportSocket(Path path, ServerSocketChannel server, Consumer<Report> reports) {
        this.path = path;
        this.server = server;
        this.reports = reports;
    }

    /// @param reports called from one thread for each connection
    public static ReportSocket listen(Path folder, Consumer<Report> reports) {
        Path path = shortEnough(folder.resolve(SOCKET));
        try {
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(path));
            ReportSocket socket = new ReportSocket(path, server, reports);
            Thread.ofPlatform().name("reports").daemon().start(socket::accept);
            return socket;
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "the report socket cannot be made: " + e.getMessage(),
                    path.toString(),
                    "make room in the scratch folder, or name a shorter one",
                    e);
        }
    }

    /// Whether no process is connected, so that all that ended ones said has been heard.
    public boolean quiet() {
        return connections.isEmpty();
    }

    public Path path() {
        return path;
    }

    @Override
    public void close() {
        closeQuietly(server);
        connections.forEach(ReportSocket::closeQuietly);
        try {
            Files.deleteIfExists(path);
            Path folder = path.getParent();
            if (folder != null && String.valueOf(folder.getFileName()).startsWith(SHORT)) {
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            LOG.warn("cannot remove {}: {}", path, e.getMessage());
        }
    }

    /// Removes the folders of sockets whose process lives no more.
    public static void removeLeftBehind() {
        Path temporary = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(temporary, SHORT + "*-*")) {
            for (Path folder : folders) {
                String pid = String.valueOf(folder.getFileName()).split("-", 3)[1];
                if (pid.matches("\\d{1,9}") && ProcessHandle.of(Long.parseLong(pid)).isEmpty()) {
                    Files.deleteIfExists(folder.resolve(SOCKET));
                    Files.deleteIfExists(folder);
                }
            }
        } catch (IOException e) {
            LOG.warn("sockets left behind in {} stay: {}", temporary, e.toString());
        }
    }

    private static Path shortEnough(Path path) {
        if (path.toString().getBytes(StandardCharsets.UTF_8).length <= LONGEST_PATH) {
            return path;
        }
        try {
            return Files.createTempDirectory(SHORT + ProcessHandle.current().pid() + "-")
                    .resolve(SOCKET);
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SCRATCH_FULL,
                    "no temporary folder can be made: " + e.getMessage(),
                    System.getProperty("java.io.tmpdir", "/tmp"),
                    "name a shorter scratch folder",
                    e);
        }
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel connection = server.accept();
                connections.add(connection);
                Thread.ofPlatform().name("report-reader").daemon().start(() -> read(connection));
            } catch (IOException e) {
                if (server.isOpen()) {
                    LOG.warn("a process cannot connect to {}: {}", path, e.getMessage());
                }
            }
        }
    }

    private void read(SocketChannel connection) {
        try (connection;
                BufferedReader lines =
                        new BufferedReader(
                                Channels.newReader(connection, StandardCharsets.UTF_8))) {
            String line = line(lines);
            while (line != null) {
                reports.accept(Json.read(line, Report.class));
                line = line(lines);
            }
        } catch (IOException e) {
            LOG.debug("a report connection broke: {}", e.getMessage());
        } catch (IllegalArgumentException e) {
            LOG.error("a process reports what is no report: {}", e.getMessage());
        } finally {
            connections.remove(connection);
        }
    }

    /// @return null at the end
    /// @throws IllegalArgumentException where a line is longer than any report: one that is never
    ///     ended must not fill the worker's memory
    private static @Nullable String line(Reader lines) throws IOException {
        StringBuilder line = new StringBuilder();
        int next = lines.read();
        if (next < 0) {
            return null;
        }
        while (next >= 0 && next != '\n') {
            if (line.length() == LONGEST_REPORT) {
                throw new IllegalArgumentException(
                        "a line of more than " + LONGEST_REPORT + " characters");
            }
            line.append((char) next);
            next = lines.read();
        }
        return line.toString();
    }

    private static void closeQuietly(java.nio.channels.Channel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("cannot close: {}", e.getMessage());
        }
    }
}
