package dev.tanren.controlplane;

import dev.tanren.storage.registry.DatabaseAddress;
import dev.tanren.storage.testing.EmbeddedDatabase;
import dev.tanren.storage.testing.EmbeddedS3;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// PostgreSQL, an S3 server and, where its binary is at hand, Temporal, all on free loopback ports.
public final class Stack implements QuarkusTestResourceLifecycleManager {

    static final String ADMIN_TOKEN = "tnr_an-administrator-of-the-tests";

    /// How many requests a token of the tests may make in all.
    public static final int REQUESTS_OF_A_TOKEN = 100;

    static final String TEMPORAL_RUNS = "tanren.test.temporal";

    private @Nullable EmbeddedDatabase database;
    private @Nullable EmbeddedS3 objects;
    private @Nullable Process temporal;

    @Override
    public Map<String, String> start() {
        int port = freePort();
        boolean runs = startTemporal(port);
        database = EmbeddedDatabase.start();
        objects = EmbeddedS3.start();
        objects.store("tanren-test").close();
        if (runs) {
            waitFor(port);
        }
        DatabaseAddress address = database.fresh();
        Map<String, String> environment = new HashMap<>(objects.environment("tanren-test"));
        environment.put("TANREN_DATABASE_URL", address.url());
        environment.put("TANREN_DATABASE_USER", address.user());
        environment.put("TANREN_DATABASE_PASSWORD", address.password());
        environment.put("TANREN_TEMPORAL_ADDRESS", "127.0.0.1:" + port);
        environment.put("TANREN_ADMIN_TOKEN", ADMIN_TOKEN);
        environment.put(TEMPORAL_RUNS, Boolean.toString(runs));
        environment.put("tanren.api.orchestrator-patience", runs ? "PT15S" : "PT0.3S");
        // Nothing is filled up again, so that what is refused does not depend on the clock.
        environment.put("tanren.api.requests-per-second", "0");
        environment.put("tanren.api.request-burst", Integer.toString(REQUESTS_OF_A_TOKEN));
        environment.put("tanren.api.failure-burst", "1000");
        // Runs that tests record have no workflow: nobody looks for it but the tests of that.
        environment.put("tanren.api.start-grace", "PT1H");
        environment.put("tanren.api.heartbeat", "PT0.5S");
        environment.put("tanren.api.event-interval", "PT0.1S");
        return environment;
    }

    private boolean startTemporal(int port) {
        Optional<Path> binary =
                Stream.concat(
                                Stream.ofNullable(System.getenv("TANREN_TEMPORAL")).map(Path::of),
                                Arrays.stream(
                                                System.getenv()
                                                        .getOrDefault("PATH", "")
                                                        .split(File.pathSeparator, -1))
                                        .map(folder -> Path.of(folder, "temporal")))
                        .filter(Files::isExecutable)
                        .findFirst();
        if (binary.isEmpty()) {
            return false;
        }
        try {
            temporal =
                    new ProcessBuilder(
                                    binary.get().toString(),
                                    "server",
                                    "start-dev",
                                    "--headless",
                                    "--ip",
                                    "127.0.0.1",
                                    "--port",
                                    Integer.toString(port),
                                    "--log-level",
                                    "error")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void waitFor(int port) {
        for (int i = 0; i < 300; i++) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
                return;
            } catch (IOException notYet) {
                sleep();
            }
        }
        throw new IllegalStateException("Temporal did not start within 30 seconds");
    }

    private static void end(Process process) {
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

    private static void sleep() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void stop() {
        if (temporal != null) {
            end(temporal);
        }
        if (objects != null) {
            objects.close();
        }
        if (database != null) {
            database.close();
        }
    }
}
