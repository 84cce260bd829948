package dev.tanren.activities.hub;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.model.HubReference;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// Where the Hub or a mirror answers.
///
/// @param address `http` or `https`, with a host, without a `/` at its end
public record HubEndpoint(URI address) {

    public static final String VARIABLE = "TANREN_HUB_ENDPOINT";

    /// @throws TanrenException `USAGE` for what is no address of a server
    public static HubEndpoint parse(String text) {
        try {
            URI address = new URI(text.strip().replaceAll("/+$", "")).normalize();
            if (isHttp(address)
                    && address.getHost() != null
                    && address.getRawUserInfo() == null
                    && address.getRawQuery() == null
                    && address.getRawFragment() == null) {
                return new HubEndpoint(address);
            }
        } catch (URISyntaxException e) {
            // Reported below without the text, which may hold a password.
        }
        throw new TanrenException(
                ErrorCode.USAGE,
                "an http or https address without user, query and fragment is expected",
                VARIABLE,
                "Name the Hub or a mirror of it.");
    }

    /// Where the commit and the files of a model are told.
    public URI listing(HubReference model) {
        return below("/api/models/", model.repository(), "/revision/", encode(model.revision()));
    }

    /// Where a file of a commit is fetched.
    public URI file(HubSnapshot snapshot, String name) {
        String path =
                Arrays.stream(name.split("/", -1))
                        .map(HubEndpoint::encode)
                        .collect(Collectors.joining("/"));
        return below(
                "/", snapshot.reference().repository(), "/resolve/", snapshot.commit(), "/" + path);
    }

    /// Whether the token may be sent there: same scheme, host and port.
    public boolean isOriginOf(URI other) {
        return sameHost(other)
                && address.getScheme().equalsIgnoreCase(other.getScheme())
                && port(address) == port(other);
    }

    public boolean sameHost(URI other) {
        return address.getHost().equalsIgnoreCase(other.getHost());
    }

    public boolean isHttps() {
        return address.getScheme().equalsIgnoreCase("https");
    }

    public static boolean isHttp(URI address) {
        String scheme = String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
        return scheme.equals("http") || scheme.equals("https");
    }

    private URI below(String... parts) {
        String query = parts[0].equals("/") ? "" : "?blobs=true";
        return URI.create(address + String.join("", parts) + query);
    }

    private static int port(URI address) {
        if (address.getPort() >= 0) {
            return address.getPort();
        }
        return address.getScheme().equalsIgnoreCase("https") ? 443 : 80;
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
