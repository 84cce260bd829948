package dev.tanren.deploy.stack;

/// Loopback ports of the embedded stack, chosen once and kept.
public record Ports(int console, int postgres, int objects, int temporal, int temporalHttp) {

    public static final int DEFAULT_CONSOLE = 7420;

    public Ports {
        check("console", console);
        check("postgres", postgres);
        check("objects", objects);
        check("temporal", temporal);
        check("temporalHttp", temporalHttp);
    }

    private static void check(String name, int port) {
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("port " + name + " is " + port + ", not 1 to 65535");
        }
    }
}
