package dev.tanren.controlplane.plan;

import dev.tanren.spec.validation.PlanSchema;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;

/// JSON Schemas, for editors.
@Path("/api/v1/schemas")
public class SchemasResource {

    @GET
    @Path("plan")
    @Produces({"application/schema+json", "application/json"})
    public String plan() {
        return PlanSchema.json();
    }
}
