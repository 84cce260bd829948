package dev.tanren.controlplane.problem;

import io.vertx.ext.web.RoutingContext;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/// The identity of one request, in answers and in the log.
public final class TraceId {

    private static final String KEY = "tanren.trace";

    private TraceId() {}

    /// The W3C trace id that the caller sent in `traceparent`, or else a new one; the same for the
    /// whole request.
    public static String of(RoutingContext request) {
        String known = request.get(KEY);
        if (known == null) {
            known = fromCaller(request.request().getHeader("traceparent"));
            request.put(KEY, known);
        }
        return known;
    }

    private static String fromCaller(@org.jspecify.annotations.Nullable String traceParent) {
        if (traceParent != null
                && traceParent.matches("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")) {
            return traceParent.substring(3, 35);
        }
        return fresh();
    }

    /// One for a request that carries none that can be read.
    static String fresh() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return HexFormat.of().toHexDigits(random.nextLong())
                + HexFormat.of().toHexDigits(random.nextLong());
    }
}
