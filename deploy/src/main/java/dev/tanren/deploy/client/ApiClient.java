package dev.tanren.deploy.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The REST API as trees of JSON. Problems that the server answers with are thrown as coded errors.
public final class ApiClient {

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /// For what goes through many objects.
    private static final Duration LONG = Duration.ofMinutes(30);

    private final Server server;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();

    public ApiClient(Server server) {
        this.server = server;
    }

    /// @param path below `/api/v1`
    public JsonNode get(String path) {
        return json(send(request(path).timeout(TIMEOUT).GET()));
    }

    /// A text as it is.
    public String text(String path) {
        return send(request(path).setHeader("Accept", "text/plain").timeout(TIMEOUT).GET()).body();
    }

    /// @param body null for none
    public JsonNode post(String path, @Nullable JsonNode body, Map<String, String> headers) {
        HttpRequest.Builder request = request(path).timeout(TIMEOUT);
        headers.forEach(request::header);
        if (body == null) {
            return json(send(request.POST(HttpRequest.BodyPublishers.noBody())));
        }
        request.header("Content-Type", "application/json");
        return json(send(request.POST(HttpRequest.BodyPublishers.ofString(body.toString()))));
    }

    /// Posts nothing and waits for work that goes through many objects.
    public JsonNode postAndWait(String path) {
        return json(send(request(path).timeout(LONG).POST(HttpRequest.BodyPublishers.noBody())));
    }

    /// @param query see [#query(Map)]; empty where there is none
    public JsonNode delete(String path, String query) {
        return json(send(request(path + query).timeout(LONG).DELETE()));
    }

    /// Posts a text.
    ///
    /// @param mediaType of the text
    public JsonNode send(String path, String text, String mediaType, Map<String, String> headers) {
        HttpRequest.Builder request =
                request(path).timeout(TIMEOUT).header("Content-Type", mediaType);
        headers.forEach(request::header);
        return json(send(request.POST(HttpRequest.BodyPublishers.ofString(text))));
    }

    /// The lines of an answer that goes on until the stream is closed.
    public Stream<String> lines(String path, String accept, Map<String, String> headers) {
        HttpRequest.Builder request = request(path).setHeader("Accept", accept);
        headers.forEach(request::header);
        HttpRequest built = request.GET().build();
        try {
            HttpResponse<Stream<String>> response = client.send(built, BodyHandlers.ofLines());
            if (response.statusCode() >= 300) {
                throw problem(
                        response.statusCode(),
                        response.body().collect(Collectors.joining("\n")),
                        built.uri());
            }
            return response.body();
        } catch (IOException e) {
            throw unreachable(e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /// The bytes of an answer, as they come; to be closed.
    ///
    /// @param from the first byte that is wanted
    public InputStream open(String path, long from) {
        HttpRequest.Builder request = request(path).setHeader("Accept", "*/*").timeout(TIMEOUT);
        if (from > 0) {
            request.header("Range", "bytes=" + from + "-");
        }
        HttpRequest built = request.GET().build();
        try {
            HttpResponse<InputStream> response = client.send(built, BodyHandlers.ofInputStream());
            if (response.statusCode() >= 300) {
                try (InputStream body = response.body()) {
                    throw problem(
                            response.statusCode(),
                            new String(body.readAllBytes(), StandardCharsets.UTF_8),
                            built.uri());
                }
            }
            return response.body();
        } catch (IOException e) {
            throw unreachable(e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    public static String query(Map<String, String> parameters) {
        String joined =
                new TreeMap<>(parameters)
                        .entrySet().stream()
                                .filter(entry -> !entry.getValue().isEmpty())
                                .map(entry -> entry.getKey() + "=" + encode(entry.getValue()))
                                .collect(Collectors.joining("&"));
        return joined.isEmpty() ? "" : "?" + joined;
    }

    /// One segment of a path, or a value of a query.
    public static String encode(String segment) {
        return URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /// The name of something, as a segment of a path: with one that names nothing, the address
    /// would be that of all there are.
    ///
    /// @throws TanrenException `USAGE`
    public static String name(String name) {
        if (name.isBlank() || name.equals(".") || name.equals("..")) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "\"" + name + "\" is no id and no name.",
                    "arguments",
                    "Give the id of a run as ./tanren run list shows it, or the name of what it has.");
        }
        return encode(name);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(server.address() + "/api/v1" + path))
                .header("Authorization", "Bearer " + server.token())
                .header("Accept", "application/json");
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        HttpRequest built = request.build();
        try {
            HttpResponse<String> response =
                    client.send(built, BodyHandlers.ofString(StandardCharsets.UTF_8));
            if (response.statusCode() >= 300) {
                throw problem(response.statusCode(), response.body(), built.uri());
            }
            return response;
        } catch (IOException e) {
            throw unreachable(e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static JsonNode json(HttpResponse<String> response) {
        if (response.body().isBlank()) {
            return Json.mapper().createObjectNode();
        }
        try {
            return Json.mapper().readTree(response.body());
        } catch (JsonProcessingException e) {
            throw new TanrenException(
                    ErrorCode.INTERNAL,
                    "The server answered with something other than JSON.",
                    response.uri().toString(),
                    "Check that the address is that of a Tanren server.",
                    e);
        }
    }

    private TanrenException problem(int status, String body, URI where) {
        return Problems.of(status, body, where);
    }

    private TanrenException unreachable(IOException e) {
        return new TanrenException(
                ErrorCode.STACK_NOT_RUNNING,
                "The server does not answer.",
                server.address().toString(),
                "Look at ./tanren status, or start the stack: ./tanren up --detach",
                e);
    }

    private TanrenException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new TanrenException(
                ErrorCode.INTERNAL,
                "The request was interrupted.",
                server.address().toString(),
                "Repeat the command.",
                e);
    }
}
