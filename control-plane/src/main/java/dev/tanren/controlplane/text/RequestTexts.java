package dev.tanren.controlplane.text;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.text.StorableText;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.MultivaluedMap;
import java.util.List;
import java.util.Map;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jspecify.annotations.Nullable;

/// Refuses requests whose address has a character that no record may have. What bodies have is
/// refused where they are read, by [BodyTexts].
public class RequestTexts {

    @ServerRequestFilter
    public void refuse(ContainerRequestContext request) {
        refuse("path parameter", request.getUriInfo().getPathParameters());
        refuse("query parameter", request.getUriInfo().getQueryParameters());
    }

    private static void refuse(String kind, MultivaluedMap<String, String> parameters) {
        for (Map.Entry<String, List<String>> parameter : parameters.entrySet()) {
            for (String value : parameter.getValue()) {
                String what = problem(value);
                if (what != null) {
                    throw new TanrenException(
                            ErrorCode.REQUEST_MALFORMED,
                            what,
                            kind + " " + StorableText.of(parameter.getKey()),
                            "send it without that character");
                }
            }
        }
    }

    /// Names the first character that may not be kept and where it stands; null where there
    /// is none.
    static @Nullable String problem(String text) {
        var at = StorableText.firstRefused(text);
        return at.isEmpty()
                ? null
                : "the character "
                        + StorableText.name(text, at.getAsInt())
                        + " at place "
                        + (at.getAsInt() + 1)
                        + " cannot be kept; expected text without control characters other than"
                        + " tab and line break";
    }
}
