package dev.tanren.controlplane.plan;

import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.api.PlanProblem;
import dev.tanren.controlplane.api.PlanTemplate;
import dev.tanren.controlplane.endpoint.Refuses;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.plan.planner.Device;
import dev.tanren.plan.planner.Explanation;
import dev.tanren.plan.planner.Machine;
import dev.tanren.plan.planner.Planner;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.plan.validation.PlanReading;
import dev.tanren.plan.validation.Problem;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.jspecify.annotations.Nullable;

/// Plans, before they run.
@Path("/api/v1/plans")
@Produces(MediaType.APPLICATION_JSON)
@Consumes({PlanTexts.YAML, PlanTexts.YAML_OLD, MediaType.APPLICATION_JSON, MediaType.TEXT_PLAIN})
public class PlansResource {

    private final PlanTemplates templates;
    private final WorkerMachine workers;

    PlansResource(PlanTemplates templates, WorkerMachine workers) {
        this.templates = templates;
        this.workers = workers;
    }

    /// @param problems every mistake, with its place; empty when the plan is valid
    /// @param warnings advice that stops nothing
    public record Validation(
            boolean valid, List<PlanProblem> problems, List<PlanProblem> warnings) {
        static Validation of(List<Problem> problems, List<Problem> warnings) {
            return new Validation(
                    problems.isEmpty(),
                    problems.stream().map(PlanProblem::of).toList(),
                    warnings.stream().map(PlanProblem::of).toList());
        }
    }

    /// Plans to begin with, the simplest first.
    @GET
    @RolesAllowed(Roles.VIEWER)
    @Path("templates")
    public Page<PlanTemplate> templates() {
        return new Page<>(templates.all(), null);
    }

    /// Answers 200 for invalid plans too, and for none: the request was understood.
    @POST
    @RolesAllowed(Roles.VIEWER)
    @Path("validate")
    @RequestBody(
            required = false,
            content = @Content(schema = @Schema(implementation = byte[].class)))
    public Validation validate(byte[] text) {
        return switch (PlanReader.read(text)) {
            case PlanReading.Valid valid -> Validation.of(List.of(), valid.warnings());
            case PlanReading.Invalid invalid -> Validation.of(invalid.problems(), List.of());
        };
    }

    /// What a valid plan will do. The shape of a base model is read when the run prepares, so what
    /// depends on it is null here. Settings that the trainer cannot carry out yet are explained all
    /// the same.
    ///
    /// @param device that each rank is to run on, to say whether it fits and what to change:
    ///     `h100-sxm`, `h100-pcie`, `h200`, `a100-40`, `a100-80`, a size of memory such as `16GB`,
    ///     `cpu` for the machine of this server, or `worker` for the processors of the worker that
    ///     has most memory to promise, which is as if no device were named while none is alive
    @POST
    @RolesAllowed(Roles.VIEWER)
    @Path("explain")
    @Refuses(422)
    public Explanation explain(@QueryParam("device") @Nullable String device, byte[] text) {
        Device on = device == null ? null : device(device);
        return Planner.explain(PlanReader.readAhead(text).planOrThrow(), null, on);
    }

    private @Nullable Device device(String name) {
        return name.equals(WorkerMachine.NAME)
                ? workers.largest().map(machine -> Device.parse(Device.CPU, machine)).orElse(null)
                : Device.parse(name, Machine.here());
    }
}
