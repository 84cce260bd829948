package dev.tanren.controlplane.security;

import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import org.jspecify.annotations.Nullable;

/// Where requests come from, as limits count them.
final class Addresses {

    private static final int GROUPS_OF_A_NETWORK = 4;

    private Addresses() {}

    /// The client's address; of IPv6 the network alone, since one client has all of it.
    static String of(RoutingContext request) {
        SocketAddress address = request.request().remoteAddress();
        return address == null ? "unknown" : network(address.hostAddress());
    }

    static String network(@Nullable String address) {
        if (address == null) {
            return "unknown";
        }
        String[] groups = address.split(":", -1);
        return groups.length == 8 && !address.contains("::")
                ? String.join(":", java.util.Arrays.copyOf(groups, GROUPS_OF_A_NETWORK))
                : address;
    }
}
