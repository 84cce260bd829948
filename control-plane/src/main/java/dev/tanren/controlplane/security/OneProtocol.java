package dev.tanren.controlplane.security;

import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.vertx.core.http.HttpServerOptions;
import jakarta.inject.Singleton;

/// Speaks HTTP/1.1 alone: one request at a time on a connection, so that a connection that keeps
/// the server waiting can be told from one that it works for. Bodies are read before the requests
/// are worked on, after which Vert.x has HTTP/2 requests that cannot be paused, as Quarkus does.
@Singleton
class OneProtocol implements HttpServerOptionsCustomizer {

    @Override
    public void customizeHttpServer(HttpServerOptions options) {
        options.setHttp2ClearTextEnabled(false);
    }

    @Override
    public void customizeHttpsServer(HttpServerOptions options) {
        options.setUseAlpn(false);
    }
}
