package dev.tanren.controlplane.security;

import io.vertx.core.MultiMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What proxies say of a request, in the order in which it passed them: each adds at the end what
/// it saw. Nothing here says whether to believe it.
///
/// @param nodes whom each proxy had the request from, without port; a text that need be no address
/// @param schemes which scheme it was called with
/// @param hosts which host it was called by
record ForwardedHeaders(List<String> nodes, List<String> schemes, List<String> hosts) {

    /// An element of `Forwarded`: name and value, which may be quoted.
    private static final Pattern PAIR =
            Pattern.compile("\\s*([\\w-]+)=(\"(?:[^\"\\\\]|\\\\.)*\"|[^\",;]*)\\s*([;,]|$)");

    /// The headers of RFC 7239; empty where there are none.
    static Optional<ForwardedHeaders> standard(MultiMap headers) {
        List<String> lines = headers.getAll("Forwarded");
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        List<String[]> hops = new ArrayList<>();
        lines.forEach(line -> hops.addAll(hops(line)));
        return Optional.of(new ForwardedHeaders(field(hops, 0), field(hops, 1), field(hops, 2)));
    }

    /// `X-Forwarded-For`, `-Proto` and `-Host`; empty where there are none.
    static Optional<ForwardedHeaders> common(MultiMap headers) {
        ForwardedHeaders found =
                new ForwardedHeaders(
                        elements(headers, "X-Forwarded-For")
                                .map(ForwardedHeaders::withoutPort)
                                .toList(),
                        elements(headers, "X-Forwarded-Proto").toList(),
                        elements(headers, "X-Forwarded-Host").toList());
        return found.nodes.isEmpty() && found.schemes.isEmpty() && found.hosts.isEmpty()
                ? Optional.empty()
                : Optional.of(found);
    }

    /// The element that belongs to a node, of a list to which not every proxy has added.
    ///
    /// @param fromTheEnd how many proxies are behind the node
    static Optional<String> at(List<String> elements, int fromTheEnd) {
        return elements.isEmpty()
                ? Optional.empty()
                : Optional.of(elements.get(Math.max(0, elements.size() - 1 - fromTheEnd)))
                        .filter(element -> !element.isEmpty());
    }

    /// A line that breaks off in what cannot be read ends with an element that says nothing, so
    /// that nothing before it counts.
    private static List<String[]> hops(String line) {
        List<String[]> hops = new ArrayList<>();
        String[] hop = {"", "", ""};
        Matcher pair = PAIR.matcher(line);
        int at = 0;
        while (at < line.length() && pair.find(at) && pair.start() == at) {
            String value = unquoted(pair.group(2));
            switch (pair.group(1).toLowerCase(Locale.ROOT)) {
                case "for" -> hop[0] = withoutPort(value);
                case "proto" -> hop[1] = value;
                case "host" -> hop[2] = value;
                default -> {}
            }
            if (!pair.group(3).equals(";")) {
                hops.add(hop);
                hop = new String[] {"", "", ""};
            }
            at = pair.end();
        }
        if (at < line.length() || hops.isEmpty()) {
            hops.add(new String[] {"", "", ""});
        }
        return hops;
    }

    private static String unquoted(String value) {
        return value.startsWith("\"")
                ? value.substring(1, value.length() - 1).replaceAll("\\\\(.)", "$1")
                : value.strip();
    }

    private static List<String> field(List<String[]> hops, int index) {
        return hops.stream().map(hop -> hop[index]).toList();
    }

    private static Stream<String> elements(MultiMap headers, String name) {
        return headers.getAll(name).stream()
                .flatMap(line -> Arrays.stream(line.split(",", -1)))
                .map(String::strip);
    }

    /// `192.0.2.1:80` and `[2001:db8::1]:80`; an IPv6 address without brackets has no port.
    private static String withoutPort(String node) {
        if (node.startsWith("[")) {
            int end = node.indexOf(']');
            return end < 0 ? "" : node.substring(1, end);
        }
        int colon = node.indexOf(':');
        return colon >= 0 && colon == node.lastIndexOf(':') ? node.substring(0, colon) : node;
    }
}
