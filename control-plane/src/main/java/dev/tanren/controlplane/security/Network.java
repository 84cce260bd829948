package dev.tanren.controlplane.security;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.net.InetAddress;
import java.util.Optional;

/// A range of addresses, as `10.0.0.0/8`, `2001:db8::/32` or one address.
record Network(InetAddress first, int bits) {

    /// @throws TanrenException `USAGE` where it is none; names are not looked up
    static Network parse(String text) {
        String[] parts = text.strip().split("/", -1);
        Optional<InetAddress> first = address(parts[0]);
        if (parts.length > 2 || first.isEmpty()) {
            throw noNetwork(text);
        }
        int most = 8 * first.get().getAddress().length;
        if (parts.length == 1) {
            return new Network(first.get(), most);
        }
        if (!parts[1].matches("\\d{1,3}") || Integer.parseInt(parts[1]) > most) {
            throw noNetwork(text);
        }
        return new Network(first.get(), Integer.parseInt(parts[1]));
    }

    /// An address as it is written; empty where the text is none. Names are not looked up.
    static Optional<InetAddress> address(String text) {
        try {
            return Optional.of(InetAddress.ofLiteral(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    boolean holds(InetAddress address) {
        byte[] mine = first.getAddress();
        byte[] other = address.getAddress();
        if (mine.length != other.length) {
            return false;
        }
        for (int bit = 0; bit < bits; bit++) {
            int mask = 0x80 >> (bit % 8);
            if ((mine[bit / 8] & mask) != (other[bit / 8] & mask)) {
                return false;
            }
        }
        return true;
    }

    private static TanrenException noNetwork(String text) {
        return new TanrenException(
                ErrorCode.USAGE,
                "this is no address and no network",
                Proxies.VARIABLE + ", " + text,
                "write addresses or networks with commas between, such as 10.0.0.0/8,2001:db8::1");
    }
}
