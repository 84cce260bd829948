package dev.tanren.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.restassured.RestAssured;
import io.restassured.config.EncoderConfig;
import io.restassured.config.RestAssuredConfig;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The embedded stack as a user starts it: `./tanren up --detach` with a home of its own.
///
/// Everything it starts is stopped by [#close()] through `./tanren down`, which goes by process
/// ids.
final class EmbeddedStack implements AutoCloseable {

    private static final Path ROOT =
            Path.of(System.getProperty("tanren.root")).toAbsolutePath().normalize();
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final RestAssuredConfig YAML_IS_TEXT =
            RestAssuredConfig.config()
                    .encoderConfig(
                            EncoderConfig.encoderConfig()
                                    .encodeContentTypeAs("application/yaml", ContentType.TEXT));

    private final Path home;
    private final int port;
    private @Nullable Process foreground;

    private EmbeddedStack(Path home, int port) {
        this.home = home;
        this.port = port;
    }

    static EmbeddedStack start() throws IOException, InterruptedException {
        return start(1);
    }

    static EmbeddedStack start(int workers) throws IOException, InterruptedException {
        // Unix domain sockets of workers lie below it, and their paths must stay under 108 bytes.
        Path home = Files.createTempDirectory("tnr");
        EmbeddedStack stack = new EmbeddedStack(home, freePort());
        Result up =
                stack.tanren(
                        Duration.ofMinutes(8),
                        "up",
                        "--detach",
                        "--port",
                        Integer.toString(stack.port),
                        "--workers",
                        Integer.toString(workers));
        assertThat(up.exitCode()).as("./tanren up said: %s", up.output()).isZero();
        return stack;
    }

    /// The stack as it runs in a terminal, which [#pressControlC] ends.
    static EmbeddedStack startInForeground() throws Exception {
        Path home = Files.createTempDirectory("tnr");
        EmbeddedStack stack = new EmbeddedStack(home, freePort());
        // A build in the background of a shell ignores SIGINT, and so would what it starts.
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
        command.add(ROOT.resolve("tanren").toString());
        command.addAll(List.of("up", "--port", Integer.toString(stack.port)));
        Path output = stack.foregroundOutput();
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(home.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        builder.environment().putAll(environment(home));
        Process up = builder.start();
        stack.foreground = up;
        await("./tanren up is ready")
                .atMost(Duration.ofMinutes(8))
                .until(() -> !up.isAlive() || Files.readString(output).contains("Ctrl-C stops"));
        assertThat(up.isAlive()).as(Files.readString(output)).isTrue();
        return stack;
    }

    /// Ends a stack in the foreground as its terminal would.
    ///
    /// @return what it said in all
    String pressControlC() throws IOException, InterruptedException {
        Process up = Objects.requireNonNull(foreground, "the stack runs in the background");
        signal("INT", up.pid());
        boolean ended = up.waitFor(60, TimeUnit.SECONDS);
        String said = Files.readString(foregroundOutput());
        assertThat(ended).as(said).isTrue();
        return said;
    }

    private Path foregroundOutput() {
        return home.resolve("foreground.out");
    }

    static Path root() {
        return ROOT;
    }

    Path home() {
        return home;
    }

    String address() {
        return "http://127.0.0.1:" + port;
    }

    String adminToken() throws IOException {
        return Files.readString(home.resolve("admin.token")).strip();
    }

    RequestSpecification api() throws IOException {
        return RestAssured.given()
                .config(YAML_IS_TEXT)
                .baseUri(address())
                .basePath("/api/v1")
                .header("Authorization", "Bearer " + adminToken());
    }

    /// Process id of a part of the stack, by its name in `./tanren status`.
    long processId(String part) throws IOException, InterruptedException {
        for (JsonNode entry : status().path("parts")) {
            if (entry.path("name").asText().equals(part)) {
                return entry.path("pid").asLong();
            }
        }
        throw new AssertionError("no part " + part + " in " + status());
    }

    /// Whether a part that was killed has another process, which answers.
    boolean isBack(String part, long killed) throws IOException, InterruptedException {
        for (JsonNode entry : status().path("parts")) {
            if (entry.path("name").asText().equals(part)) {
                return entry.path("healthy").asBoolean()
                        && entry.path("pid").asLong() > 0
                        && entry.path("pid").asLong() != killed;
            }
        }
        return false;
    }

    /// Of every part and the supervisor.
    List<Long> processIds() throws IOException, InterruptedException {
        List<Long> ids = new ArrayList<>();
        JsonNode status = status();
        status.path("parts").forEach(part -> ids.add(part.path("pid").asLong()));
        ids.add(status.path("supervisorPid").asLong());
        return ids;
    }

    JsonNode status() throws IOException, InterruptedException {
        Result result = tanren(Duration.ofSeconds(30), "status", "--json");
        return JSON.readTree(result.lastLine());
    }

    Result tanren(Duration limit, String... arguments) throws IOException, InterruptedException {
        return tanrenIn(home, limit, arguments);
    }

    /// Runs `./tanren` with a home of its own and waits for it.
    static Result tanrenIn(Path home, Duration limit, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(ROOT.resolve("tanren").toString()));
        command.addAll(List.of(arguments));
        Path output = Files.createTempFile(home, "command", ".out");
        Path errors = Files.createTempFile(home, "command", ".err");
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(home.toFile())
                        .redirectOutput(output.toFile())
                        .redirectError(errors.toFile());
        builder.environment().putAll(environment(home));
        Process process = builder.start();
        if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(String.join(" ", command) + " took longer than " + limit);
        }
        return new Result(process.exitValue(), Files.readString(output), Files.readString(errors));
    }

    /// The build that runs these tests has made everything; a second one inside it would disturb
    /// it.
    private static Map<String, String> environment(Path home) {
        return Map.of("TANREN_HOME", home.toString(), "NO_COLOR", "1", "TANREN_SKIP_BUILD", "1");
    }

    static void kill9(long pid) throws IOException, InterruptedException {
        signal("KILL", pid);
    }

    static void signal(String name, long pid) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor();
    }

    @Override
    public void close() throws IOException {
        try {
            tanren(Duration.ofMinutes(1), "down", "--yes");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        deleteTree(home);
    }

    static void deleteTree(Path tree) throws IOException {
        try (var paths = Files.walk(tree)) {
            for (Path path : paths.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /// What a command printed and how it ended.
    record Result(int exitCode, String standardOutput, String standardError) {
        String output() {
            return standardOutput + standardError;
        }

        String lastLine() {
            return standardOutput.strip().lines().reduce("", (first, second) -> second);
        }
    }
}
