package dev.tanren.controlplane.security;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Who a request comes from and what they addressed it to, as seen from outside of the proxies that
/// are trusted.
///
/// @param address of the client; IPv6 in eight groups
/// @param secure whether the client's connection is encrypted
/// @param host name or address in small letters, without a port; empty where there was none
/// @param port that the client called
record Client(String address, boolean secure, String host, int port) {

    private static final String KEY = "tanren.client";
    private static final String UNKNOWN = "unknown";
    private static final int HTTP = 80;
    private static final int HTTPS = 443;

    /// @param authority host and perhaps port; null or what is none gives no host
    static Client of(String address, boolean secure, @Nullable String authority) {
        int standard = secure ? HTTPS : HTTP;
        HostAndPort called =
                authority == null ? null : HostAndPort.parseAuthority(authority, standard);
        return called == null
                ? new Client(address, secure, "", standard)
                : new Client(
                        address,
                        secure,
                        called.host().toLowerCase(Locale.ROOT).replaceAll("[\\[\\]]", ""),
                        called.port());
    }

    /// The other end of the connection.
    static Client direct(HttpServerRequest request) {
        SocketAddress peer = request.remoteAddress();
        String address = peer == null ? null : peer.hostAddress();
        HostAndPort called = request.authority();
        return of(
                address == null ? UNKNOWN : address,
                request.isSSL(),
                called == null ? null : called.toString());
    }

    void attach(RoutingContext request) {
        request.put(KEY, this);
    }

    /// The one that the gate found, or else the other end of the connection.
    static Client of(RoutingContext request) {
        return Optional.<Client>ofNullable(request.get(KEY))
                .orElseGet(() -> direct(request.request()));
    }

    /// Scheme, host and port, as the beginning of an address.
    String origin() {
        String name = host.contains(":") ? "[" + host + "]" : host;
        String scheme = secure ? "https" : "http";
        return scheme + "://" + name + (port == (secure ? HTTPS : HTTP) ? "" : ":" + port);
    }
}
