package dev.tanren.activities.hub.internal;

import dev.tanren.activities.hub.HubEndpoint;
import dev.tanren.activities.hub.HubFile;
import dev.tanren.activities.hub.HubPatience;
import dev.tanren.activities.hub.HubPause;
import dev.tanren.activities.hub.HubSnapshot;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.HubReference;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Asks the Hub about models and files, again where it does not answer.
public final class HubQueries {

    private static final int MOST_BYTES = 32 << 20;
    private static final Pattern CHECKSUM =
            Pattern.compile("(?:W/)?\"?(?:(?<sha256>[0-9a-f]{64})|(?<blob>[0-9a-f]{40}))\"?");
    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");

    private final HubEndpoint endpoint;
    private final HubRequests requests;
    private final HubPatience patience;
    private final HubPause pause;

    public HubQueries(
            HubEndpoint endpoint, HubRequests requests, HubPatience patience, HubPause pause) {
        this.endpoint = endpoint;
        this.requests = requests;
        this.patience = patience;
        this.pause = pause;
    }

    /// What a revision is now.
    public HubSnapshot snapshot(HubReference reference) {
        String where = reference.toString();
        return again(where, tries -> HubListing.read(listing(reference, where, tries), reference));
    }

    /// What a file is like that a listing only named.
    public HubFile file(HubSnapshot snapshot, String name) {
        String where = snapshot.where(name);
        return again(
                where,
                tries -> {
                    HttpResponse<InputStream> answer =
                            requests.head(endpoint.file(snapshot, name), where);
                    answer.body().close();
                    return announced(name, answer.headers(), where);
                });
    }

    private byte[] listing(HubReference reference, String where, Tries tries) throws IOException {
        HttpResponse<InputStream> answer = requests.get(endpoint.listing(reference), 0, where);
        try (InputStream body = new GuardedBody(answer.body(), patience.idle(), tries.left())) {
            byte[] read = body.readNBytes(MOST_BYTES + 1);
            if (read.length > MOST_BYTES) {
                throw new TanrenException(
                        ErrorCode.HUB_CORRUPT,
                        "the answer about the model has more than " + (MOST_BYTES >> 20) + " MiB",
                        where,
                        "Check that TANREN_HUB_ENDPOINT names a Hub.");
            }
            return read;
        }
    }

    private static HubFile announced(String name, HttpHeaders headers, String where) {
        Optional<String> size = headers.firstValue(HubRequests.LINKED_SIZE);
        String length = size.or(() -> headers.firstValue("Content-Length")).orElse("");
        String tag =
                headers.firstValue("X-Linked-Etag").or(() -> headers.firstValue("ETag")).orElse("");
        if (!LENGTH.matcher(length).matches()) {
            throw new TanrenException(
                    ErrorCode.HUB_CORRUPT,
                    "the Hub does not say how long the file is",
                    where,
                    "Check that TANREN_HUB_ENDPOINT names a Hub.");
        }
        Matcher checksum = CHECKSUM.matcher(tag);
        boolean known = checksum.matches();
        return new HubFile(
                name,
                Long.parseLong(length),
                known ? checksum.group("sha256") : null,
                known ? checksum.group("blob") : null);
    }

    private <T> T again(String where, Query<T> query) {
        Tries tries = new Tries(patience, pause, where, patience.deadline());
        while (true) {
            try {
                return query.ask(tries);
            } catch (IOException e) {
                tries.failed(e);
            }
        }
    }

    @FunctionalInterface
    private interface Query<T> {
        T ask(Tries tries) throws IOException;
    }
}
