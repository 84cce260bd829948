package dev.tanren.controlplane.security;

import dev.tanren.controlplane.Settings;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The proxies in front of this server, and what may be believed of what they say.
///
/// Anyone can write a forwarded header. One is read where the other end of the connection is a
/// proxy that the operator named; of its addresses the right-most counts that is not such a proxy,
/// because everything left of it is what that client wrote.
@Singleton
public class Proxies {

    static final String VARIABLE = "TANREN_API_TRUSTED_PROXIES";

    private final List<Network> trusted;

    /// @throws TanrenException `USAGE` where one of them is no address and no network
    @Inject
    Proxies(Settings settings) {
        this(settings.trustedProxies().orElse(List.of()));
    }

    Proxies(List<String> networks) {
        trusted = networks.stream().map(Network::parse).toList();
    }

    boolean areNamed() {
        return !trusted.isEmpty();
    }

    /// @throws TanrenException `REQUEST_MALFORMED` where `Forwarded` and the `X-Forwarded` headers
    ///     tell different things: a proxy that writes the one kind lets the other one through
    Client client(HttpServerRequest request) {
        return client(Client.direct(request), request.headers(), request.getHeader("Host"));
    }

    Client client(Client peer, MultiMap headers, @Nullable String called) {
        Optional<InetAddress> address = Network.address(peer.address());
        if (address.filter(this::isTrusted).isEmpty()) {
            return peer;
        }
        List<Client> told =
                List.of(ForwardedHeaders.standard(headers), ForwardedHeaders.common(headers))
                        .stream()
                        .flatMap(Optional::stream)
                        .map(forwarded -> behind(peer, forwarded, called))
                        .toList();
        if (told.stream().distinct().count() > 1) {
            throw new TanrenException(
                    ErrorCode.REQUEST_MALFORMED,
                    "the headers Forwarded and X-Forwarded-… tell different things",
                    "Forwarded",
                    "have the proxy write the one kind and remove the other");
        }
        return told.isEmpty() ? peer : told.getFirst();
    }

    private Client behind(Client peer, ForwardedHeaders forwarded, @Nullable String called) {
        String address = peer.address();
        List<String> nodes = forwarded.nodes();
        int at = nodes.size();
        boolean trusting = true;
        while (trusting && at > 0) {
            // What is no address tells nothing: the last proxy that is known stays.
            Optional<InetAddress> node = Network.address(nodes.get(at - 1));
            if (node.isPresent()) {
                address = node.get().getHostAddress();
                at--;
            }
            trusting = node.filter(this::isTrusted).isPresent();
        }
        int fromTheEnd = Math.max(0, nodes.size() - 1 - at);
        boolean secure =
                ForwardedHeaders.at(forwarded.schemes(), fromTheEnd)
                        .map(scheme -> scheme.equalsIgnoreCase("https"))
                        .orElse(peer.secure());
        return Client.of(
                address, secure, ForwardedHeaders.at(forwarded.hosts(), fromTheEnd).orElse(called));
    }

    private boolean isTrusted(InetAddress address) {
        return trusted.stream().anyMatch(network -> network.holds(address));
    }
}
