package dev.tanren.activities.hub.internal;

import dev.tanren.activities.hub.HubEndpoint;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;

/// Where a redirect may lead.
///
/// To `http` and `https`, never from the second back to the first, and to no address of a private
/// network but on the endpoint's own host. The address is looked up right before the request; the
/// platform keeps what it found for 30 seconds, so that the client connects to what was checked.
final class Destinations {

    private final HubEndpoint endpoint;

    Destinations(HubEndpoint endpoint) {
        this.endpoint = endpoint;
    }

    /// Where a redirect leads.
    ///
    /// @param where what errors call the file
    /// @throws TanrenException `HUB_REDIRECT`
    /// @throws TransientFailure where the host's address cannot be looked up now
    URI next(URI from, String location, String where) throws TransientFailure {
        URI to;
        try {
            to = from.resolve(location);
        } catch (IllegalArgumentException e) {
            throw refused("leads to what is no address", where);
        }
        if (!HubEndpoint.isHttp(to) || to.getHost() == null || to.getRawUserInfo() != null) {
            throw refused("leads to an address of the scheme '" + to.getScheme() + "'", where);
        }
        if (from.getScheme().equalsIgnoreCase("https")
                && !to.getScheme().equalsIgnoreCase("https")) {
            throw refused("leads from https to http, at " + to.getHost(), where);
        }
        if (!endpoint.sameHost(to)) {
            requirePublic(to.getHost(), where);
        }
        return to;
    }

    private static void requirePublic(String host, String where) throws TransientFailure {
        InetAddress[] addresses;
        try {
            addresses = InetAddress.getAllByName(host);
        } catch (UnknownHostException e) {
            throw new TransientFailure("the host " + host + " is unknown", null);
        }
        for (InetAddress address : addresses) {
            if (!isPublic(address)) {
                throw refused("leads into a private network, to " + host, where);
            }
        }
    }

    static boolean isPublic(InetAddress address) {
        byte[] bytes = address.getAddress();
        int first = bytes[0] & 0xff;
        int second = bytes[1] & 0xff;
        if (address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) {
            return false;
        }
        if (address instanceof Inet6Address) {
            // Global unicast is 2000::/3; in it, 6to4 and Teredo carry addresses of IPv4.
            return (first & 0xe0) == 0x20
                    && !(first == 0x20 && second == 0x02)
                    && !(first == 0x20 && second == 0x01 && bytes[2] == 0 && bytes[3] == 0);
        }
        boolean sharedByCarriers = first == 100 && (second & 0xc0) == 64;
        boolean benchmarks = first == 198 && (second & 0xfe) == 18;
        boolean protocols = first == 192 && second == 0 && bytes[2] == 0;
        return first != 0 && first < 224 && !sharedByCarriers && !benchmarks && !protocols;
    }

    static TanrenException refused(String what, String where) {
        return new TanrenException(
                ErrorCode.HUB_REDIRECT,
                "the Hub " + what + ", which is refused",
                where,
                "Name the Hub or mirror itself in " + HubEndpoint.VARIABLE + ".");
    }
}
