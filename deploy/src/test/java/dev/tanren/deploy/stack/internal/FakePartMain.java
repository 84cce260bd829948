package dev.tanren.deploy.stack.internal;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;

/// Answers HTTP on a port, and leaves a file when it is stopped in good order.
final class FakePartMain {

    private FakePartMain() {}

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(arguments[0]);
        Path stopped = Path.of(arguments[1]);
        HttpServer server =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext(
                "/",
                exchange -> {
                    exchange.sendResponseHeaders(204, -1);
                    exchange.close();
                });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> leave(stopped)));
        server.start();
    }

    private static void leave(Path file) {
        try {
            Files.writeString(file, Long.toString(System.nanoTime()));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
