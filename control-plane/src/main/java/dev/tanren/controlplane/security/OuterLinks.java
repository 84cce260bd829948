package dev.tanren.controlplane.security;

import io.vertx.ext.web.RoutingContext;
import java.net.URI;

/// Links in answers lead where the client can go: to the address that it called, before the
/// proxies.
final class OuterLinks {

    private static final String LOCATION = "Location";

    private OuterLinks() {}

    /// Absolute links are made for the address that this server was called by.
    static void put(RoutingContext request, Client client) {
        Client direct = Client.direct(request.request());
        if (direct.origin().equals(client.origin())) {
            return;
        }
        request.addHeadersEndHandler(
                _ -> {
                    String link = request.response().headers().get(LOCATION);
                    if (link != null && link.startsWith(direct.origin() + "/")) {
                        URI inner = URI.create(link);
                        String query = inner.getRawQuery();
                        request.response()
                                .headers()
                                .set(
                                        LOCATION,
                                        client.origin()
                                                + inner.getRawPath()
                                                + (query == null ? "" : "?" + query));
                    }
                });
    }
}
