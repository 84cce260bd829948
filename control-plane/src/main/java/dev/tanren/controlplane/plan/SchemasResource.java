package dev.tanren.controlplane.plan;

import dev.tanren.controlplane.endpoint.Answer;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.plan.validation.PlanSchema;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;

/// JSON Schemas, for editors.
@Path("/api/v1/schemas")
public class SchemasResource {

    @GET
    @RolesAllowed(Roles.VIEWER)
    @Path("plan")
    @Produces({"application/schema+json", "application/json"})
    @Answer(
            description = "The JSON Schema",
            of = Object.class,
            types = {"application/schema+json", "application/json"})
    public String plan() {
        return PlanSchema.json();
    }
}
