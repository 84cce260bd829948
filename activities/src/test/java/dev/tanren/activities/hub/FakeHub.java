package dev.tanren.activities.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.LongPredicate;

/// A server on two ports of the loopback interface that speaks the Hub's HTTP API: one is the Hub,
/// to the other it redirects for files in large file storage.
final class FakeHub implements AutoCloseable {

    static final String COMMIT = "c0ffee0000000000000000000000000000000001";
    static final String REPOSITORY = "some-org/a-model";

    /// A request as it came.
    record Request(
            String method, String path, String authorization, String range, boolean storage) {}

    final Map<String, byte[]> files = new ConcurrentSkipListMap<>();

    /// Bytes sent instead of a file's own.
    final Map<String, byte[]> replaced = new ConcurrentHashMap<>();

    /// Each answer with a file is cut after the next of these lengths.
    final ConcurrentLinkedDeque<Integer> cuts = new ConcurrentLinkedDeque<>();

    /// Statuses sent before anything else is looked at.
    final ConcurrentLinkedDeque<Integer> statuses = new ConcurrentLinkedDeque<>();

    final List<Request> requests = new CopyOnWriteArrayList<>();

    volatile String neededToken = "";
    volatile String redirect = "";
    volatile String retryAfter = "";
    volatile boolean listsNamesAlone;
    volatile boolean withoutRanges;

    /// Whether the client has taken so many bytes of a file. A connection is not cut before, as
    /// what lies in the client's buffers may be lost with it.
    volatile LongPredicate received = bytes -> true;

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpServer hub = serve(false);
    private final HttpServer storage = serve(true);

    String endpoint() {
        return address(hub);
    }

    /// Ordinary files lie in Git, weights and tokenizers in large file storage.
    static boolean large(String name) {
        return name.endsWith(".safetensors") || name.endsWith(".bin");
    }

    List<Request> requestsFor(String file) {
        return requests.stream().filter(request -> request.path().endsWith("/" + file)).toList();
    }

    @Override
    public void close() {
        hub.stop(0);
        storage.stop(0);
        threads.shutdownNow();
    }

    private HttpServer serve(boolean isStorage) {
        try {
            HttpServer server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.setExecutor(threads);
            server.createContext("/", exchange -> answer(exchange, isStorage));
            server.start();
            return server;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void answer(HttpExchange exchange, boolean isStorage) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String authorization = header(exchange, "Authorization");
            requests.add(
                    new Request(
                            exchange.getRequestMethod(),
                            path,
                            authorization,
                            header(exchange, "Range"),
                            isStorage));
            Integer status = statuses.poll();
            if (status != null) {
                exchange.getResponseHeaders().set("Retry-After", retryAfter);
                exchange.sendResponseHeaders(status, -1);
            } else if (!isStorage
                    && !neededToken.isEmpty()
                    && !authorization.equals("Bearer " + neededToken)) {
                exchange.getResponseHeaders().set("X-Error-Code", "GatedRepo");
                exchange.sendResponseHeaders(authorization.isEmpty() ? 401 : 403, -1);
            } else if (path.equals("/api/models/" + REPOSITORY + "/revision/main")
                    || path.equals("/api/models/" + REPOSITORY + "/revision/" + COMMIT)) {
                send(exchange, listing().getBytes(StandardCharsets.UTF_8), 0);
            } else {
                file(exchange, path, isStorage);
            }
        }
    }

    private void file(HttpExchange exchange, String path, boolean isStorage) throws IOException {
        String before = "/" + REPOSITORY + "/resolve/" + COMMIT + "/";
        String name = path.startsWith(before) ? path.substring(before.length()) : "";
        byte[] content = files.get(name);
        if (content == null) {
            exchange.getResponseHeaders().set("X-Error-Code", "RevisionNotFound");
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        if (large(name) && !isStorage) {
            exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + sha256(content) + "\"");
            exchange.getResponseHeaders().set("X-Linked-Size", String.valueOf(content.length));
            String to = redirect.isEmpty() ? address(storage) + path + "?signature=s" : redirect;
            exchange.getResponseHeaders().set("Location", to);
            exchange.sendResponseHeaders(302, -1);
            return;
        }
        exchange.getResponseHeaders().set("ETag", "\"" + blobId(content) + "\"");
        byte[] sent = replaced.getOrDefault(name, content);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", String.valueOf(sent.length));
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        content(exchange, sent);
    }

    private void content(HttpExchange exchange, byte[] sent) throws IOException {
        String range = header(exchange, "Range");
        int from =
                range.isEmpty() || withoutRanges
                        ? 0
                        : Integer.parseInt(range.replaceAll("bytes=([0-9]+)-", "$1"));
        if (from > 0 && from >= sent.length) {
            exchange.sendResponseHeaders(416, -1);
            return;
        }
        if (from > 0) {
            exchange.getResponseHeaders()
                    .set(
                            "Content-Range",
                            "bytes " + from + "-" + (sent.length - 1) + "/" + sent.length);
        }
        send(exchange, Arrays.copyOfRange(sent, from, sent.length), from);
    }

    private void send(HttpExchange exchange, byte[] bytes, int from) throws IOException {
        Integer cut = isApi(exchange) ? null : cuts.poll();
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes, 0, cut == null ? bytes.length : Math.min(cut, bytes.length));
            out.flush();
            if (cut != null && cut < bytes.length) {
                awaitReceived((long) from + cut);
            }
        }
    }

    private void awaitReceived(long bytes) {
        try {
            while (!received.test(bytes)) {
                Thread.sleep(5);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean isApi(HttpExchange exchange) {
        return exchange.getRequestURI().getPath().startsWith("/api/");
    }

    private String listing() {
        StringBuilder siblings = new StringBuilder();
        files.forEach(
                (name, content) -> {
                    siblings.append(siblings.isEmpty() ? "" : ",")
                            .append("{\"rfilename\": \"" + name + "\"");
                    if (!listsNamesAlone) {
                        siblings.append(", \"size\": " + content.length)
                                .append(", \"blobId\": \"" + blobId(content) + "\"");
                        if (large(name)) {
                            siblings.append(", \"lfs\": {\"sha256\": \"" + sha256(content))
                                    .append("\", \"size\": " + content.length)
                                    .append(", \"pointerSize\": 135}");
                        }
                    }
                    siblings.append("}");
                });
        return "{\"sha\": \"" + COMMIT + "\", \"siblings\": [" + siblings + "]}";
    }

    static String sha256(byte[] content) {
        return hash("SHA-256", content);
    }

    static String blobId(byte[] content) {
        byte[] before = ("blob " + content.length + "\0").getBytes(StandardCharsets.UTF_8);
        byte[] whole = Arrays.copyOf(before, before.length + content.length);
        System.arraycopy(content, 0, whole, before.length, content.length);
        return hash("SHA-1", whole);
    }

    private static String hash(String algorithm, byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String header(HttpExchange exchange, String name) {
        String value = exchange.getRequestHeaders().getFirst(name);
        return value == null ? "" : value;
    }

    private static String address(HttpServer server) {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }
}
