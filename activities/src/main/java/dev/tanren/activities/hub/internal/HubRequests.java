package dev.tanren.activities.hub.internal;

import dev.tanren.activities.hub.HubEndpoint;
import dev.tanren.activities.hub.HubPatience;
import dev.tanren.activities.hub.HubToken;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Set;

/// Single requests, with their redirects. The token goes to the endpoint's own origin alone.
///
/// Errors name hosts and never whole addresses, because those that the Hub leads to are signed.
public final class HubRequests implements AutoCloseable {

    /// Says, in an answer that may be a redirect, how long the file is that it leads to.
    static final String LINKED_SIZE = "X-Linked-Size";

    private static final int MOST_REDIRECTS = 5;
    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

    private final HubEndpoint endpoint;
    private final HubToken token;
    private final HubPatience patience;
    private final Destinations destinations;
    private final HttpClient client;

    public HubRequests(HubEndpoint endpoint, HubToken token, HubPatience patience) {
        this.endpoint = endpoint;
        this.token = token;
        this.patience = patience;
        this.destinations = new Destinations(endpoint);
        this.client =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(patience.connect())
                        .build();
    }

    /// Opens a file or a listing.
    ///
    /// @param offset from which byte on it is wanted; the answer may hold all the same
    /// @param where what errors call it
    /// @return with status 200 or 206; its body is to be closed
    /// @throws IOException where another try may help
    /// @throws TanrenException `HUB_DENIED`, `MODEL_MISSING`, `HUB_CORRUPT`, `HUB_REDIRECT`
    HttpResponse<InputStream> get(URI address, long offset, String where) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder().GET();
        if (offset > 0) {
            request.header("Range", "bytes=" + offset + "-");
        }
        return follow(request, address, false, where);
    }

    /// Asks what a file is like. Ends at a redirect that tells it.
    HttpResponse<InputStream> head(URI address, String where) throws IOException {
        return follow(HttpRequest.newBuilder().HEAD(), address, true, where);
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    private HttpResponse<InputStream> follow(
            HttpRequest.Builder request, URI address, boolean untilTold, String where)
            throws IOException {
        URI at = address;
        for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
            HttpResponse<InputStream> answer = send(request.copy(), at);
            boolean told = untilTold && answer.headers().firstValue(LINKED_SIZE).isPresent();
            if (told || !REDIRECTS.contains(answer.statusCode())) {
                return told ? answer : content(answer, at, where);
            }
            answer.body().close();
            at = destinations.next(at, location(answer, where), where);
        }
        throw Destinations.refused("leads on more than " + MOST_REDIRECTS + " times", where);
    }

    private HttpResponse<InputStream> send(HttpRequest.Builder request, URI at) throws IOException {
        request.uri(at).timeout(patience.answer()).header("User-Agent", "tanren");
        if (endpoint.isOriginOf(at)) {
            token.authorization().ifPresent(value -> request.header("Authorization", value));
        }
        try {
            return client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TanrenException(
                    ErrorCode.HUB_UNREACHABLE,
                    "the request was interrupted",
                    String.valueOf(at.getHost()),
                    "Run it again.",
                    e);
        }
    }

    private HttpResponse<InputStream> content(
            HttpResponse<InputStream> answer, URI at, String where) throws IOException {
        boolean passed = false;
        try {
            Answers.require(answer, endpoint.isOriginOf(at), where);
            String encoding = answer.headers().firstValue("Content-Encoding").orElse("identity");
            if (!encoding.equals("identity")) {
                throw new TanrenException(
                        ErrorCode.HUB_CORRUPT,
                        "the answer is encoded, which was not asked for",
                        where,
                        "Check what lies between the worker and the Hub.");
            }
            passed = true;
            return answer;
        } finally {
            if (!passed) {
                answer.body().close();
            }
        }
    }

    private static String location(HttpResponse<?> answer, String where) {
        return answer.headers()
                .firstValue("Location")
                .orElseThrow(() -> Destinations.refused("leads on without saying where", where));
    }
}
