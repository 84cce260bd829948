package dev.tanren.storage.registry;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.Map;

/// Where the registry's PostgreSQL is.
///
/// @param url `jdbc:postgresql://host:port/database`, without user and password
public record DatabaseAddress(String url, String user, String password) {

    public DatabaseAddress {
        if (!url.startsWith("jdbc:postgresql:")) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "the database address is not one of PostgreSQL",
                    "TANREN_DATABASE_URL",
                    "set it to jdbc:postgresql://HOST:PORT/DATABASE");
        }
    }

    /// Reads `TANREN_DATABASE_URL`, `TANREN_DATABASE_USER` and `TANREN_DATABASE_PASSWORD`.
    ///
    /// @throws TanrenException `USAGE` when one is missing
    public static DatabaseAddress from(Map<String, String> environment) {
        return new DatabaseAddress(
                required(environment, "TANREN_DATABASE_URL"),
                required(environment, "TANREN_DATABASE_USER"),
                required(environment, "TANREN_DATABASE_PASSWORD"));
    }

    private static String required(Map<String, String> environment, String name) {
        String value = environment.get(name);
        if (value == null) {
            throw new TanrenException(
                    ErrorCode.USAGE,
                    "the environment variable is not set",
                    name,
                    "set TANREN_DATABASE_URL, TANREN_DATABASE_USER and TANREN_DATABASE_PASSWORD");
        }
        return value;
    }

    /// The address without anything secret: its parameters, which may hold some, are left out.
    public String shown() {
        int parameters = url.indexOf('?');
        return parameters < 0 ? url : url.substring(0, parameters);
    }

    @Override
    public String toString() {
        return shown();
    }
}
