package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.tanren.deploy.stack.Ports;
import dev.tanren.deploy.stack.ProcessIdentity;
import dev.tanren.deploy.stack.StackFile;
import dev.tanren.deploy.stack.StackStatus;
import dev.tanren.deploy.stack.TanrenHome;
import dev.tanren.plan.json.Json;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// Runs commands against an HTTP server that answers what a control plane would.
abstract class CommandTest {

    @TempDir Path folder;
    final Map<String, Answer> answers = new ConcurrentHashMap<>();

    /// Answers to the same request one after the other; before [#answers].
    final Map<String, Iterator<Answer>> inTurn = new ConcurrentHashMap<>();

    final Map<String, Request> requests = new ConcurrentHashMap<>();
    /// All of them, in order.
    final Queue<Request> received = new ConcurrentLinkedQueue<>();

    final Map<String, String> environment = new HashMap<>();
    HttpServer server;

    /// What a person types, where one is there.
    String typed = "";

    boolean interactive;
    boolean redirected = true;

    @BeforeEach
    void startsAServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/api/v1", this::answer);
        server.start();
        environment.put("HOME", folder.toString());
        environment.put("TANREN_SERVER", "http://127.0.0.1:" + server.getAddress().getPort());
        environment.put("TANREN_TOKEN", "tnr_right");
        answers.put("GET /runs/r1/events", new Answer(200, ""));
    }

    @AfterEach
    void stopsTheServer() {
        server.stop(0);
    }

    static final String PLAN =
            """
            apiVersion: tanren.dev/v1
            name: small
            seed: 1
            model:
              architecture: {family: llama, vocabSize: 512, hiddenSize: 64, layers: 2, heads: 4, keyValueHeads: 2, intermediateSize: 128}
              tokenizer: file:./tokenizer.json
            datasets:
              code: {sources: [{uri: "file:../corpus", include: "**/*.java"}]}
            stages:
              - id: base
                type: pretrain
                optimizer: {type: adamw, learningRate: 3e-4, betas: [0.9, 0.95], weightDecay: 0.1, clipNorm: 1.0}
                schedule: {type: warmup-stable-decay, warmup: 2%, decay: 20%, minimum: 10%}
                globalBatchTokens: 1Ki
                microBatch: 2
                phases:
                  - {id: only, sequenceLength: 128, tokens: 10Ki, mix: {code: 1.0}}
                checkpoint: {everySteps: 5, keep: 2}
            """;

    static Answer problem(int status, String code) {
        return new Answer(
                status,
                """
                {"type":"about:blank","title":"No","status":%d,"code":"%s","what":"what it was",
                "where":"there","mend":"so"}"""
                        .formatted(status, code));
    }

    private void answer(HttpExchange exchange) throws IOException {
        String uri = exchange.getRequestURI().toString().substring("/api/v1".length());
        String key = exchange.getRequestMethod() + " " + uri;
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        String path = key.replaceFirst("\\?.*", "");
        Request request =
                new Request(
                        key,
                        exchange.getRequestHeaders().getFirst("Authorization"),
                        exchange.getRequestHeaders().getFirst("Idempotency-Key"),
                        exchange.getRequestHeaders().getFirst("Content-Type"),
                        body);
        requests.put(path, request);
        received.add(request);
        Iterator<Answer> next = inTurn.getOrDefault(path, Collections.emptyIterator());
        Answer answer =
                next.hasNext()
                        ? next.next()
                        : answers.getOrDefault(
                                key, answers.getOrDefault(path, new Answer(404, "{}")));
        if (answer.equals(LOST)) {
            exchange.close();
            return;
        }
        byte[] bytes = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(answer.status(), bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    Request sent(String key) {
        return Objects.requireNonNull(requests.get(key), () -> "no " + key + " was sent");
    }

    Result run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Terminal terminal =
                new Terminal(
                        new ByteArrayInputStream(typed.getBytes(StandardCharsets.UTF_8)),
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        interactive,
                        redirected,
                        environment,
                        folder);
        int code = TanrenMain.run(terminal, arguments);
        return new Result(
                code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    record Answer(int status, String body) {}

    /// The request is carried out, and its answer gets lost.
    static final Answer LOST = new Answer(0, "");

    record Request(
            String key,
            String authorization,
            String idempotencyKey,
            String contentType,
            String body) {
        JsonNode tree() {
            return Json.read(body, JsonNode.class);
        }
    }

    record Result(int exitCode, String out, String err) {
        JsonNode tree() {
            return Json.read(out, JsonNode.class);
        }
    }

    /// As if the embedded stack of this user ran at an address.
    TanrenHome runStackAt(String address) throws IOException {
        TanrenHome home = TanrenHome.of(environment);
        Files.createDirectories(home.folder());
        new StackFile(home)
                .write(
                        new StackStatus(
                                StackStatus.VERSION,
                                StackStatus.Phase.RUNNING,
                                ProcessIdentity.ofThisProcess(),
                                address,
                                new Ports(1, 2, 3, 4, 5),
                                1,
                                List.of(),
                                List.of(),
                                null));
        return home;
    }
}
