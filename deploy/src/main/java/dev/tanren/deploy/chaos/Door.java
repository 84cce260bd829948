package dev.tanren.deploy.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The API as anyone may try it, with its answers as they come.
final class Door implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final URI address;
    private final HttpClient client = HttpClient.newHttpClient();

    Door(URI address) {
        this.address = address;
    }

    /// @param token null for none
    /// @param plan the body, in YAML; null for none
    HttpResponse<String> send(
            String method,
            String path,
            @Nullable String token,
            @Nullable String plan,
            Map<String, String> headers)
            throws InterruptedException {
        try {
            return client.send(
                    request(method, path, token, plan, headers), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Sends the same so many times at once.
    List<HttpResponse<String>> sendAtOnce(
            int times,
            String method,
            String path,
            String token,
            @Nullable String plan,
            Map<String, String> headers) {
        List<CompletableFuture<HttpResponse<String>>> sent =
                IntStream.range(0, times)
                        .mapToObj(
                                time ->
                                        client.sendAsync(
                                                request(method, path, token, plan, headers),
                                                BodyHandlers.ofString()))
                        .toList();
        return sent.stream().map(CompletableFuture::join).toList();
    }

    private HttpRequest request(
            String method,
            String path,
            @Nullable String token,
            @Nullable String plan,
            Map<String, String> headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(address.resolve(path))
                        .timeout(LIMIT)
                        .method(
                                method,
                                plan == null
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofString(plan));
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        if (plan != null) {
            request.header("Content-Type", "application/yaml");
        }
        headers.forEach(request::header);
        return request.build();
    }

    @Override
    public void close() {
        client.close();
    }
}
