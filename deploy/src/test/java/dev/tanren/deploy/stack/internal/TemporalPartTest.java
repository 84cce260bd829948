package dev.tanren.deploy.stack.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tanren.deploy.stack.Ports;
import dev.tanren.deploy.stack.ProcessIdentity;
import dev.tanren.deploy.stack.Secrets;
import dev.tanren.deploy.stack.StackSettings;
import dev.tanren.deploy.stack.TanrenHome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The stack's own Temporal, as it is started.
@Timeout(120)
class TemporalPartTest {

    private static final String LOOPBACK = "0100007F";
    private static final String LISTENS = "0A";

    @TempDir private Path folder;
    private RunningProcess process;
    private Ports ports;

    @BeforeEach
    void startsIt() throws Exception {
        Path temporal = Path.of(System.getenv().getOrDefault("TANREN_TEMPORAL", ""));
        assumeTrue(Files.isExecutable(temporal), "TANREN_TEMPORAL names no program");
        // As the stack chooses them: the system gives those to nobody else.
        ports = LoopbackPorts.choose(Optional.empty(), Ports.DEFAULT_CONSOLE, port -> true);
        TanrenHome home = new TanrenHome(PrivateFiles.folder(folder.resolve("home")));
        StackPart part =
                StackParts.of(
                                new StackSettings(
                                        home,
                                        EmptyInstallation.in(folder, temporal),
                                        new Secrets("d", "p", "a", "s", "t", "local:key"),
                                        ports,
                                        1,
                                        List.of()),
                                Map.of())
                        .stream()
                        .filter(it -> it.name().equals("temporal"))
                        .findFirst()
                        .orElseThrow();
        process = RunningProcess.start(part.command(), folder.resolve("temporal.log"));
        ProcessIdentity identity = process.identity();
        while (!part.probe().works(identity)) {
            assertThat(process.alive()).as(folder.resolve("temporal.log").toString()).isTrue();
            Thread.sleep(50);
        }
    }

    @AfterEach
    void stopsIt() {
        if (process != null) {
            process.stop(Signals.TERMINATE, Duration.ofSeconds(20));
        }
    }

    @Test
    void nothingIsAnsweredByHttpUnderANameThatAPageInABrowserCanHave() throws IOException {
        int port = ports.temporalHttp();
        for (String host :
                List.of(
                        "tanren.example",
                        "evil.example:" + port,
                        "evil-tanren.invalid",
                        "tanren.invalid.example",
                        "localhost",
                        "localhost:" + port,
                        "127.0.0.1",
                        "127.0.0.1:" + port)) {
            for (String path :
                    List.of("/api/v1/namespaces/default", "/api/v1/namespaces/default/workflows")) {
                assertThat(statusOf(host, path)).as(host + path).isEqualTo("HTTP/1.1 403");
            }
        }
    }

    @Test
    void itListensOnLoopbackAlone() throws IOException {
        List<String> addresses = listening(process.identity().pid());

        assertThat(addresses).hasSizeGreaterThanOrEqualTo(2).containsOnly(LOOPBACK);
    }

    private String statusOf(String host, String path) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), ports.temporalHttp())) {
            socket.getOutputStream()
                    .write(
                            "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n"
                                    .formatted(path, host)
                                    .getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
        }
    }

    /// The addresses, as the kernel writes them.
    private static List<String> listening(long pid) throws IOException {
        Set<String> inodes;
        try (Stream<Path> files = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            inodes =
                    files.map(TemporalPartTest::target)
                            .filter(target -> target.startsWith("socket:["))
                            .map(target -> target.replaceAll("[^0-9]", ""))
                            .collect(Collectors.toSet());
        }
        List<String> addresses = new ArrayList<>();
        for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            if (Files.exists(Path.of(table))) {
                for (String line : Files.readAllLines(Path.of(table))) {
                    String[] fields = line.strip().split(" +", -1);
                    if (fields[3].equals(LISTENS) && inodes.contains(fields[9])) {
                        addresses.add(fields[1].substring(0, fields[1].indexOf(':')));
                    }
                }
            }
        }
        return addresses;
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException closed) {
            return "";
        }
    }
}
