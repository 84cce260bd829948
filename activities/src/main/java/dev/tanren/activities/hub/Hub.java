package dev.tanren.activities.hub;

import dev.tanren.activities.hub.internal.HubQueries;
import dev.tanren.activities.hub.internal.HubRequests;
import dev.tanren.activities.hub.internal.HubStream;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.HubReference;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The Hugging Face Hub as far as a worker may use it: not at all, unless `TANREN_HUB_ENDPOINT`
/// names it or a mirror. Safe for use by many threads.
///
/// A file is fetched at a commit and has the length and checksum that the Hub announced for it, or
/// reading it ends with an error. Requests are tried again as [HubPatience] says. Of the Hub's HTTP
/// API it speaks `GET /api/models/{org}/{name}/revision/{revision}`, and `GET` and `HEAD` of
/// `/{org}/{name}/resolve/{commit}/{file}`.
public final class Hub implements AutoCloseable {

    private final @Nullable HubEndpoint endpoint;
    private final HubPatience patience;
    private final HubPause pause;
    private final @Nullable HubRequests requests;

    private Hub(
            @Nullable HubEndpoint endpoint,
            HubPatience patience,
            HubPause pause,
            @Nullable HubRequests requests) {
        this.endpoint = endpoint;
        this.patience = patience;
        this.pause = pause;
        this.requests = requests;
    }

    /// One that may not be used.
    public static Hub off() {
        return new Hub(null, HubPatience.standard(), Thread::sleep, null);
    }

    /// @param environment read again for the token with each request
    /// @throws TanrenException `USAGE` for an endpoint that is none, or to which a token would
    ///     go in the clear
    public static Hub from(Map<String, String> environment) {
        return from(environment, HubPatience.standard(), Thread::sleep);
    }

    static Hub from(Map<String, String> environment, HubPatience patience, HubPause pause) {
        String address = environment.getOrDefault(HubEndpoint.VARIABLE, "");
        if (address.isBlank()) {
            return off();
        }
        HubEndpoint endpoint = HubEndpoint.parse(address);
        HubToken token = new HubToken(environment);
        if (token.authorization().isPresent() && !endpoint.isHttps() && !isLoopback(endpoint)) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "the token would go to " + HubEndpoint.VARIABLE + " without encryption",
                    HubToken.VARIABLE,
                    "Name an https address, or unset the token.");
        }
        return new Hub(endpoint, patience, pause, new HubRequests(endpoint, token, patience));
    }

    /// What a model's revision is now.
    ///
    /// @param uri `hf://org/name@revision`
    /// @throws TanrenException `HUB_NOT_ALLOWED`, `HUB_DENIED`, `MODEL_MISSING`, `HUB_UNREACHABLE`,
    ///     `HUB_CORRUPT`, `HUB_REDIRECT`; `SOURCE_UNREADABLE` for a URI of another form
    public HubSnapshot snapshot(String uri) {
        if (requests == null) {
            throw new TanrenException(
                    ErrorCode.HUB_NOT_ALLOWED,
                    "this worker may not use the Hugging Face Hub",
                    uri,
                    "Start it with "
                            + HubEndpoint.VARIABLE
                            + " set to the address of the Hub or of a mirror, or fetch the model"
                            + " yourself and name its folder.");
        }
        HubReference reference =
                HubReference.parse(uri)
                        .orElseThrow(
                                () ->
                                        new TanrenException(
                                                ErrorCode.SOURCE_UNREADABLE,
                                                "the URI is unusable",
                                                uri,
                                                "Write " + HubReference.FORM + "."));
        return queries().snapshot(reference);
    }

    /// @return empty where the snapshot has no file of this name
    /// @throws TanrenException as [#snapshot(String)], where the Hub must be asked for it
    public Optional<HubFile> file(HubSnapshot snapshot, String name) {
        return Optional.ofNullable(snapshot.files().get(name))
                .map(
                        announced ->
                                announced.file() == null
                                        ? queries().file(snapshot, name)
                                        : announced.file());
    }

    /// Reads a file. The stream throws as [#snapshot(String)] does, and no [java.io.IOException].
    public InputStream open(HubSnapshot snapshot, HubFile file) {
        return new HubStream(
                Objects.requireNonNull(requests),
                patience,
                pause,
                Objects.requireNonNull(endpoint).file(snapshot, file.name()),
                file,
                snapshot.where(file.name()));
    }

    @Override
    public void close() {
        if (requests != null) {
            requests.close();
        }
    }

    private HubQueries queries() {
        return new HubQueries(
                Objects.requireNonNull(endpoint),
                Objects.requireNonNull(requests),
                patience,
                pause);
    }

    private static boolean isLoopback(HubEndpoint endpoint) {
        try {
            return InetAddress.getByName(endpoint.address().getHost()).isLoopbackAddress();
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
