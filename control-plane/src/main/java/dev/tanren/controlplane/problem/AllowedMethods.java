package dev.tanren.controlplane.problem;

import dev.tanren.controlplane.endpoint.Endpoints;
import jakarta.inject.Singleton;
import jakarta.ws.rs.HttpMethod;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Which methods an address takes: what its resources say, and `GET` for what the runtime serves by
/// itself. Where there is `GET` there is `HEAD`, and where there is anything there is `OPTIONS`.
///
/// The framework's own answers name the methods of a whole class, whichever of its addresses was
/// asked for.
@Singleton
public class AllowedMethods {

    private static final Pattern PATH_PARAMETERS = Pattern.compile(";[^/]*");

    private static final Pattern SERVED_BY_THE_RUNTIME =
            Pattern.compile(
                    "/q/(openapi|metrics|health(/(live|ready|started))?)"
                            + "|/console/?|/console/[\\w./-]+|/webjars/[\\w./-]+");

    private final Endpoints endpoints;

    AllowedMethods(Endpoints endpoints) {
        this.endpoints = endpoints;
    }

    /// The methods that an address takes, in the order of the alphabet; none where nothing is.
    ///
    /// @param path without the query; what it has after a `;` is left out, as the framework does
    public SortedSet<String> at(String path) {
        String plain = PATH_PARAMETERS.matcher(path).replaceAll("");
        SortedSet<String> methods = new TreeSet<>();
        for (Endpoints.Endpoint endpoint : endpoints.all()) {
            if (endpoint.address().matcher(plain).matches()) {
                methods.add(endpoint.verb());
            }
        }
        if (methods.isEmpty() && SERVED_BY_THE_RUNTIME.matcher(plain).matches()) {
            methods.add(HttpMethod.GET);
        }
        if (methods.contains(HttpMethod.GET)) {
            methods.add(HttpMethod.HEAD);
        }
        if (!methods.isEmpty()) {
            methods.add(HttpMethod.OPTIONS);
        }
        return methods;
    }
}
