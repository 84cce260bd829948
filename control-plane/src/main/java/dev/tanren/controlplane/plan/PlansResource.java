package dev.tanren.controlplane.plan;

import dev.tanren.controlplane.security.Roles;
import dev.tanren.spec.planner.Device;
import dev.tanren.spec.planner.Explanation;
import dev.tanren.spec.planner.Machine;
import dev.tanren.spec.planner.Planner;
import dev.tanren.spec.validation.PlanReader;
import dev.tanren.spec.validation.PlanReading;
import dev.tanren.spec.validation.Problem;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Plans, before they run.
@Path("/api/v1/plans")
@Produces(MediaType.APPLICATION_JSON)
@Consumes({PlanTexts.YAML, PlanTexts.YAML_OLD, MediaType.APPLICATION_JSON, MediaType.TEXT_PLAIN})
public class PlansResource {

    /// @param problems every mistake, with its place; empty when the plan is valid
    /// @param warnings advice that stops nothing
    public record Validation(boolean valid, List<Problem> problems, List<Problem> warnings) {}

    /// Answers 200 for invalid plans too: the request was understood.
    @POST
    @RolesAllowed(Roles.VIEWER)
    @Path("validate")
    public Validation validate(byte[] text) {
        return switch (PlanReader.read(text)) {
            case PlanReading.Valid valid -> new Validation(true, List.of(), valid.warnings());
            case PlanReading.Invalid invalid ->
                    new Validation(false, invalid.problems(), List.of());
        };
    }

    /// What a valid plan will do. The shape of a base model is read when the run prepares, so what
    /// depends on it is null here. Settings that the trainer cannot carry out yet are explained all
    /// the same.
    ///
    /// @param device that each rank is to run on, to say whether it fits and what to change:
    ///     `h100-sxm`, `h100-pcie`, `h200`, `a100-40`, `a100-80`, a size of memory such as `16GB`,
    ///     or `cpu` for the machine of this server
    @POST
    @RolesAllowed(Roles.VIEWER)
    @Path("explain")
    public Explanation explain(@QueryParam("device") @Nullable String device, byte[] text) {
        Device on = device == null ? null : Device.parse(device, Machine.here());
        return Planner.explain(PlanReader.readAhead(text).planOrThrow(), null, on);
    }
}
