package dev.tanren.deploy.stack;

/// Loopback ports of the embedded stack, chosen once and kept. All but the console's are 0 where a
/// start failed before they were chosen.
public record Ports(int console, int postgres, int objects, int temporal, int temporalHttp) {

    public static final int DEFAULT_CONSOLE = 7420;

    public Ports {
        check("console", console, 1);
        check("postgres", postgres, 0);
        check("objects", objects, 0);
        check("temporal", temporal, 0);
        check("temporalHttp", temporalHttp, 0);
    }

    public static Ports notChosen(int console) {
        return new Ports(console, 0, 0, 0, 0);
    }

    private static void check(String name, int port, int lowest) {
        if (port < lowest || port > 65_535) {
            throw new IllegalArgumentException(
                    "port " + name + " is " + port + ", not " + lowest + " to 65535");
        }
    }
}
