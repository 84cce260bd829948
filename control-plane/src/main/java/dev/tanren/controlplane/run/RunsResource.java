package dev.tanren.controlplane.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.api.Recovery;
import dev.tanren.controlplane.api.RunDetail;
import dev.tanren.controlplane.api.RunSummary;
import dev.tanren.controlplane.endpoint.Answer;
import dev.tanren.controlplane.endpoint.Refuses;
import dev.tanren.controlplane.id.SortableIds;
import dev.tanren.controlplane.plan.PlanTexts;
import dev.tanren.controlplane.security.Caller;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.controlplane.situation.Situations;
import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.run.RunAction;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.text.Utf8;
import dev.tanren.plan.validation.PlanReader;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Filter;
import dev.tanren.storage.registry.Runs.PlanText;
import dev.tanren.storage.registry.Runs.Run;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.jspecify.annotations.Nullable;

/// Runs.
@Path("/api/v1/runs")
@Produces(MediaType.APPLICATION_JSON)
public class RunsResource {

    private static final int LONGEST_PAGE = 200;

    private final PostgresRegistry registry;
    private final RunFinder finder;
    private final RunSummaries summaries;
    private final RunViews views;
    private final RunSubmission submission;
    private final RunActions actions;
    private final Recoveries recoveries;
    private final RunDeletion deletion;
    private final InputsOutlook inputs;
    private final Situations situations;
    private final ObjectMapper mapper;

    RunsResource(
            PostgresRegistry registry,
            RunFinder finder,
            RunSummaries summaries,
            RunViews views,
            RunSubmission submission,
            RunActions actions,
            Recoveries recoveries,
            RunDeletion deletion,
            InputsOutlook inputs,
            Situations situations,
            ObjectMapper mapper) {
        this.registry = registry;
        this.finder = finder;
        this.summaries = summaries;
        this.views = views;
        this.submission = submission;
        this.actions = actions;
        this.recoveries = recoveries;
        this.deletion = deletion;
        this.inputs = inputs;
        this.situations = situations;
        this.mapper = mapper;
    }

    /// Submits a plan. The answer comes when the run is recorded; it goes on by itself.
    @POST
    @RolesAllowed(Roles.OPERATOR)
    @Consumes({
        PlanTexts.YAML,
        PlanTexts.YAML_OLD,
        MediaType.APPLICATION_JSON,
        MediaType.TEXT_PLAIN
    })
    @Answer(
            status = 201,
            description = "The run, recorded",
            of = RunSummary.class,
            headers = "Location")
    @Refuses({409, 422})
    public Response submit(
            byte[] text,
            @HeaderParam("Idempotency-Key") @Nullable String key,
            @HeaderParam("Content-Type") @Nullable String type,
            RoutingContext request) {
        Caller caller = Caller.of(request);
        if (key != null && !key.matches("[\\x21-\\x7e]{1,200}")) {
            throw malformed("Idempotency-Key", "1 to 200 printable characters without spaces");
        }
        Plan plan = PlanReader.read(text).planOrThrow();
        PlanText submitted = new PlanText(Utf8.document(text), PlanTexts.mediaType(type));
        String runId = submission.submit(Caller.actor(request), plan, submitted, key);
        return Response.created(URI.create("/api/v1/runs/" + runId))
                .entity(summaries.of(finder.run(runId), caller))
                .build();
    }

    /// Newest first.
    ///
    /// @param status keys of states; repeated or with commas between
    /// @param name part of the name, in any case
    /// @param cursor the `nextCursor` of the page before
    @GET
    @RolesAllowed(Roles.VIEWER)
    public Page<RunSummary> list(
            @QueryParam("status") List<String> status,
            @QueryParam("name") @Nullable String name,
            @QueryParam("owner") @Nullable String owner,
            @QueryParam("cursor") @Nullable String cursor,
            @QueryParam("limit") @DefaultValue("50") String limit,
            RoutingContext request) {
        Caller caller = Caller.of(request);
        int length = length(limit);
        Filter filter = new Filter(statuses(status), blankToNull(name), blankToNull(owner));
        List<Run> found = registry.runs().list(filter, cursor(cursor), length + 1);
        List<Run> shown = found.subList(0, Math.min(length, found.size()));
        return new Page<>(
                summaries.of(shown, caller),
                found.size() > length ? shown.getLast().runId() : null);
    }

    @GET
    @RolesAllowed(Roles.VIEWER)
    @Path("{id}")
    public RunDetail get(@PathParam("id") String id, RoutingContext request) {
        return views.detail(finder.run(id), Caller.of(request));
    }

    /// The plan exactly as it was submitted, to be kept, compared or submitted again.
    @GET
    @RolesAllowed(Roles.VIEWER)
    @Path("{id}/plan")
    @Produces({PlanTexts.YAML, MediaType.APPLICATION_JSON})
    @Answer(
            description = "The plan as it was submitted",
            of = Object.class,
            types = {PlanTexts.YAML, MediaType.APPLICATION_JSON})
    public Response plan(@PathParam("id") String id) {
        PlanText text = finder.run(id).submitted();
        if (text == null) {
            throw RunFinder.missing(
                    "the run was recorded before plans were kept as they were submitted",
                    "run/" + id + "/plan");
        }
        return Response.ok(text.text()).type(text.mediaType() + ";charset=UTF-8").build();
    }

    /// What a resume or retry would do now.
    @GET
    @RolesAllowed(Roles.VIEWER)
    @Path("{id}/recovery")
    public Recovery recovery(@PathParam("id") String id) {
        Run run = finder.run(id);
        Recovery recovery = recoveries.of(run).with(inputs.of(run));
        return recovery.in(situations.of(run, recovery));
    }

    /// Asks for a change of the run's state; the answer comes when it is recorded. A retry goes on
    /// with a failed or cancelled run and does finished stages not again.
    @POST
    @RolesAllowed(Roles.OPERATOR)
    @Path("{id}/{action: pause|resume|cancel|retry}")
    @Answer(
            status = 202,
            description = "The run as it then is",
            of = RunSummary.class,
            headers = "Location")
    @Refuses(409)
    @RequestBody(
            required = false,
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON,
                            schema = @Schema(implementation = Reason.class)))
    public Response act(
            @PathParam("id") String id,
            @PathParam("action") String action,
            String body,
            RoutingContext request)
            throws JsonProcessingException {
        Caller caller = Caller.of(request);
        String reason = Reason.in(body, mapper);
        actions.carryOut(Caller.actor(request), id, RunAction.of(action), reason);
        return Response.accepted(summaries.of(finder.run(id), caller))
                .location(URI.create("/api/v1/runs/" + id))
                .build();
    }

    /// Deletes a run that has ended, with its events, metrics, checkpoints, logs and artifacts. The
    /// audit stays, and so do datasets and models, which other runs share.
    ///
    /// @param reason for the record, at most 1000 characters
    @DELETE
    @RolesAllowed(Roles.OPERATOR)
    @Path("{id}")
    @Refuses(409)
    public RunDeletion.Deleted delete(
            @PathParam("id") String id,
            @QueryParam("reason") @Nullable String reason,
            RoutingContext request) {
        finder.run(id);
        if (reason != null) {
            Reason.requireShort(reason);
        }
        return deletion.delete(Caller.actor(request), id, blankToNull(reason));
    }

    private static @Nullable List<RunState> statuses(List<String> given) {
        List<String> keys =
                given.stream()
                        .flatMap(value -> Arrays.stream(value.split(",", -1)))
                        .map(String::strip)
                        .filter(value -> !value.isEmpty())
                        .toList();
        try {
            return keys.isEmpty() ? null : keys.stream().map(RunState::of).toList();
        } catch (IllegalArgumentException e) {
            throw malformed(
                    "status",
                    "queued, running, pausing, paused, cancelling, succeeded, failed or cancelled");
        }
    }

    private static @Nullable String cursor(@Nullable String cursor) {
        String value = blankToNull(cursor);
        if (value != null && !SortableIds.isId(value)) {
            throw malformed("cursor", "the nextCursor of the page before");
        }
        return value;
    }

    /// How many a page shall have.
    public static int length(String limit) {
        if (!limit.matches("\\d{1,3}")
                || Integer.parseInt(limit) < 1
                || Integer.parseInt(limit) > LONGEST_PAGE) {
            throw malformed("limit", "1 to " + LONGEST_PAGE);
        }
        return Integer.parseInt(limit);
    }

    public static @Nullable String blankToNull(@Nullable String value) {
        return value == null || value.isBlank() ? null : value;
    }

    public static TanrenException malformed(String where, String expected) {
        return new TanrenException(
                ErrorCode.REQUEST_MALFORMED,
                "the value is not what this call takes; expected " + expected,
                where,
                "see /q/openapi for what it takes");
    }
}
