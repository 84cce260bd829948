package dev.tanren.controlplane.security;

import io.vertx.ext.web.RoutingContext;

/// Where requests come from, as limits count them.
final class Addresses {

    private static final int GROUPS_OF_A_NETWORK = 4;

    private Addresses() {}

    /// The client's address; of IPv6 the network alone, since one client has all of it.
    static String of(RoutingContext request) {
        return network(Client.of(request).address());
    }

    static String network(String address) {
        String[] groups = address.split(":", -1);
        return groups.length == 8 && !address.contains("::")
                ? String.join(":", java.util.Arrays.copyOf(groups, GROUPS_OF_A_NETWORK))
                : address;
    }
}
