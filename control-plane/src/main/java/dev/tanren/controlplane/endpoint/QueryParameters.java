package dev.tanren.controlplane.endpoint;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.text.StorableText;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ResourceInfo;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;

/// Refuses query parameters that a call does not take: one that is misspelt would otherwise change
/// nothing, and nobody would be told.
public class QueryParameters {

    /// @throws TanrenException `REQUEST_MALFORMED`
    @ServerRequestFilter
    public void refuseUnknown(ContainerRequestContext request, ResourceInfo call) {
        SortedSet<String> taken = taken(call.getResourceMethod());
        for (String given : request.getUriInfo().getQueryParameters().keySet()) {
            if (!taken.contains(given)) {
                throw new TanrenException(
                        ErrorCode.REQUEST_MALFORMED,
                        "this call takes no query parameter of this name",
                        "query parameter " + StorableText.of(given),
                        taken.isEmpty()
                                ? "leave it out: the call takes none"
                                : "those that it takes: " + String.join(", ", taken));
            }
        }
    }

    private static SortedSet<String> taken(Method method) {
        SortedSet<String> names = new TreeSet<>();
        for (Parameter parameter : method.getParameters()) {
            QueryParam query = parameter.getAnnotation(QueryParam.class);
            if (query != null) {
                names.add(query.value());
            }
        }
        return names;
    }
}
