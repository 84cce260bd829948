package dev.tanren.controlplane.root;

import dev.tanren.controlplane.endpoint.Answer;
import dev.tanren.controlplane.security.Roles;
import jakarta.annotation.security.PermitAll;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.Operation;

/// The address that `./tanren up` prints: it leads a browser to the console, and tells a program
/// where things are. It says nothing that is not in the manual, so anyone may read it.
@Path("/")
public class RootResource {

    private static final String CONSOLE = "/console/";

    /// Addresses below this server's own.
    public record Links(String api, String openapi, String health, String metrics, String console) {
        static final Links ALL =
                new Links("/api/v1", "/q/openapi", "/q/health", "/q/metrics", CONSOLE);
    }

    public record Root(String name, String version, Links links) {}

    /// A browser, which asks for HTML by name, goes to the console; everyone else gets JSON.
    @GET
    @PermitAll
    @Answer(description = "Where things are", of = Root.class, headers = "Vary")
    @Answer(status = 303, description = "The console", headers = "Location")
    public Response root(@Context HttpHeaders headers) {
        if (asksForHtml(headers)) {
            return toTheConsole().header(HttpHeaders.VARY, HttpHeaders.ACCEPT).build();
        }
        return Response.ok(new Root("tanren", "v1", Links.ALL), MediaType.APPLICATION_JSON_TYPE)
                .header(HttpHeaders.VARY, HttpHeaders.ACCEPT)
                .build();
    }

    /// The console's address as people type it; no part of the API.
    @GET
    @PermitAll
    @Path("console")
    @Operation(hidden = true)
    public Response console() {
        return toTheConsole().build();
    }

    /// What the API has, for programs that begin there.
    @GET
    @RolesAllowed(Roles.VIEWER)
    @Path("api/v1")
    public Map<String, String> api() {
        return Map.of(
                "runs", "/api/v1/runs",
                "workers", "/api/v1/workers",
                "tokens", "/api/v1/tokens",
                "audit", "/api/v1/audit",
                "planSchema", "/api/v1/schemas/plan",
                "openapi", "/q/openapi");
    }

    /// Relative, so that it holds behind a proxy that the server does not know of.
    private static Response.ResponseBuilder toTheConsole() {
        return Response.status(Response.Status.SEE_OTHER).header(HttpHeaders.LOCATION, CONSOLE);
    }

    private static boolean asksForHtml(HttpHeaders headers) {
        for (MediaType type : headers.getAcceptableMediaTypes()) {
            if (type.isWildcardType()) {
                return false;
            }
            if (type.isCompatible(MediaType.TEXT_HTML_TYPE)) {
                return true;
            }
            if (type.isCompatible(MediaType.APPLICATION_JSON_TYPE)) {
                return false;
            }
        }
        return false;
    }
}
