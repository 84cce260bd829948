package dev.tanren.workflows.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A real Temporal server of one namespace, `default`, held in memory, on a free loopback port.
///
/// @param port of its gRPC service
public record TemporalServer(Process process, int port) implements AutoCloseable {

    /// What a test that needs it says where there is none.
    public static final String MISSING =
            "no temporal binary: set TANREN_TEMPORAL or put it on the PATH to run this test";

    private static final Duration START_LIMIT = Duration.ofSeconds(60);

    /// Starts one, and waits until it listens.
    ///
    /// @return empty where the temporal command line is not at hand: neither `TANREN_TEMPORAL`
    ///     names it nor the `PATH`
    public static Optional<TemporalServer> start() {
        return binary().map(TemporalServer::start);
    }

    public String address() {
        return "127.0.0.1:" + port;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private static Optional<Path> binary() {
        String path = System.getenv().getOrDefault("PATH", "");
        return Stream.concat(
                        Stream.ofNullable(System.getenv("TANREN_TEMPORAL")).map(Path::of),
                        Arrays.stream(path.split(File.pathSeparator, -1))
                                .map(folder -> Path.of(folder, "temporal")))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static TemporalServer start(Path binary) {
        int port = freePort();
        ProcessBuilder command =
                new ProcessBuilder(
                                binary.toString(),
                                "server",
                                "start-dev",
                                "--headless",
                                "--ip",
                                "127.0.0.1",
                                "--port",
                                Integer.toString(port),
                                "--search-attribute",
                                "TanrenRunStatus=Keyword",
                                "--search-attribute",
                                "TanrenStage=Keyword",
                                "--log-level",
                                "error")
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        try {
            TemporalServer server = new TemporalServer(command.start(), port);
            server.waitUntilItListens();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void waitUntilItListens() {
        long end = System.nanoTime() + START_LIMIT.toNanos();
        while (process.isAlive() && System.nanoTime() < end) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
                return;
            } catch (IOException notYet) {
                pause();
            }
        }
        close();
        throw new IllegalStateException(
                "Temporal did not listen on port %d within %d s"
                        .formatted(port, START_LIMIT.toSeconds()));
    }

    private static void pause() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Below the range that the system gives out by itself, so that hardly anybody takes it between
    /// this look and the server's start.
    private static int freePort() {
        IOException last = new IOException("none was tried");
        for (int tries = 0; tries < 100; tries++) {
            int port = ThreadLocalRandom.current().nextInt(12_000, 20_000);
            try (ServerSocket socket =
                    new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException taken) {
                last = taken;
            }
        }
        throw new UncheckedIOException("no free port", last);
    }
}
