package dev.tanren.deploy.chaos;

import dev.tanren.deploy.chaos.Relay.Way;
import dev.tanren.deploy.stack.Ports;
import java.util.Map;
import java.util.Objects;

/// The ways of one worker to all parts of the stack that it speaks to.
record Relays(Ports ports, Relay database, Relay objects, Relay temporal) implements AutoCloseable {

    private static final String DATABASE = "TANREN_DATABASE_URL";
    private static final String OBJECTS = "TANREN_S3_ENDPOINT";
    private static final String TEMPORAL = "TANREN_TEMPORAL_ADDRESS";

    static Relays to(Ports ports) {
        return new Relays(
                ports,
                Relay.to(ports.postgres()),
                Relay.to(ports.objects()),
                Relay.to(ports.temporal()));
    }

    /// @param environment of a worker that speaks to the parts themselves
    /// @return what is another in that of one which speaks to them over these ways
    Map<String, String> addresses(Map<String, String> environment) {
        return Map.of(
                DATABASE, moved(environment, DATABASE, ports.postgres(), database),
                OBJECTS, moved(environment, OBJECTS, ports.objects(), objects),
                TEMPORAL, moved(environment, TEMPORAL, ports.temporal(), temporal));
    }

    private static String moved(
            Map<String, String> environment, String variable, int port, Relay relay) {
        String address = Objects.requireNonNull(environment.get(variable), variable);
        String moved = address.replaceFirst(":" + port + "\\b", ":" + relay.port());
        if (moved.equals(address)) {
            throw new IllegalStateException(variable + " does not name port " + port);
        }
        return moved;
    }

    /// Changes what happens on all of them.
    void become(Way way) {
        database.become(way);
        objects.become(way);
        temporal.become(way);
    }

    @Override
    public void close() {
        database.close();
        objects.close();
        temporal.close();
    }
}
