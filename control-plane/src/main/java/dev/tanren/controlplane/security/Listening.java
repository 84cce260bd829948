package dev.tanren.controlplane.security;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.vertx.core.http.HttpServerOptions;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// Refuses to listen where tokens would go over a network as they are: without encryption of our
/// own or of a proxy that is named, this server listens on the loopback address alone.
@Singleton
class Listening implements HttpServerOptionsCustomizer {

    private static final String REDIRECT = "redirect";

    private final Proxies proxies;
    private final String insecureRequests;

    /// @param insecureRequests Quarkus' setting for what comes unencrypted
    Listening(
            Proxies proxies,
            @ConfigProperty(name = "quarkus.http.insecure-requests", defaultValue = "enabled")
                    String insecureRequests) {
        this.proxies = proxies;
        this.insecureRequests = insecureRequests;
    }

    /// Asked for the server that does not encrypt, where there is one.
    ///
    /// @throws TanrenException `ADDRESS_EXPOSED`
    @Override
    public void customizeHttpServer(HttpServerOptions options) {
        if (!isLoopback(options.getHost())
                && !proxies.areNamed()
                && !insecureRequests.equalsIgnoreCase(REDIRECT)) {
            throw new TanrenException(
                    ErrorCode.ADDRESS_EXPOSED,
                    "the server would listen for unencrypted requests on an address that others can"
                            + " reach, and read the tokens in them",
                    "TANREN_HTTP_HOST, " + options.getHost(),
                    "listen on 127.0.0.1; or name the proxy that encrypts in front of it with "
                            + Proxies.VARIABLE
                            + "; or give it a certificate with"
                            + " QUARKUS_HTTP_SSL_CERTIFICATE_FILES and _KEY_FILES, and set"
                            + " QUARKUS_HTTP_INSECURE_REQUESTS to redirect or disabled");
        }
    }

    /// A name counts as what it stands for.
    private static boolean isLoopback(String host) {
        try {
            for (InetAddress address : InetAddress.getAllByName(host)) {
                if (!address.isLoopbackAddress()) {
                    return false;
                }
            }
            return true;
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
