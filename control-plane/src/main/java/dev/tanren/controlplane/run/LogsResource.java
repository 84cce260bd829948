package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.endpoint.Answer;
import dev.tanren.controlplane.endpoint.Refuses;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.plan.Stage;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.Runs.Run;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Logs of ranks, as their workers uploaded them to
/// `runs/<run>/<stage>/logs/<attempt>/rank-<r>.log`.
@Path("/api/v1/runs/{id}/logs")
public class LogsResource {

    /// Ranks may write whatever key they like below their run's: more digits name no log.
    private static final Pattern KEY =
            Pattern.compile("runs/([^/]+)/([^/]+)/logs/(\\d{1,9})/rank-(\\d{1,9})\\.log");
    private static final Pattern STAGE = Pattern.compile("[a-z0-9-]{1,63}");

    /// Enough for what a person reads; the whole log can be downloaded.
    private static final int MOST_BYTES = 8 << 20;

    private static final int MOST_LINES = 100_000;
    private static final int MOST_NUMBERED = 999_999_999;
    private static final String TEXT = MediaType.TEXT_PLAIN + ";charset=UTF-8";

    private final S3ObjectStore store;
    private final RunFinder finder;
    private final StoredFiles files;

    LogsResource(S3ObjectStore store, RunFinder finder, StoredFiles files) {
        this.store = store;
        this.finder = finder;
        this.files = files;
    }

    /// @param key object key
    /// @param href where the API gives the whole log
    public record LogView(
            String stage, int attempt, int rank, long bytes, String key, String href) {}

    /// Which logs there are, of those that are named. With `stage`, `attempt` and `rank`: the last
    /// `tail` lines of that one as plain text, of its last 8 MiB at most.
    @GET
    @RolesAllowed(Roles.VIEWER)
    @Produces({MediaType.APPLICATION_JSON, MediaType.TEXT_PLAIN})
    @Answer(description = "Which logs there are", of = LogView.class, page = true)
    @Answer(description = "Last lines", of = String.class, types = MediaType.TEXT_PLAIN)
    public Response logs(
            @PathParam("id") String id,
            @QueryParam("stage") @Nullable String stage,
            @QueryParam("attempt") @Nullable String attempt,
            @QueryParam("rank") @Nullable String rank,
            @QueryParam("tail") @DefaultValue("1000") String tail) {
        Run run = finder.run(id);
        int lines = (int) number("tail", tail, MOST_LINES);
        if (stage != null && STAGE.matcher(stage).matches()) {
            finder.stage(run, stage);
        }
        if (stage == null || attempt == null || rank == null) {
            return Response.ok(list(run, stage, attempt, rank))
                    .type(MediaType.APPLICATION_JSON)
                    .build();
        }
        StoredObject log = find(id, stage, attempt, rank);
        return Response.ok(tail(log, lines)).type(TEXT).build();
    }

    /// The whole log of a rank in an attempt, as far as its worker has uploaded it by now. A
    /// `Range` is answered with 206; one with none of the bytes with 416.
    @GET
    @RolesAllowed(Roles.VIEWER)
    @Path("{stage}/{attempt}/{rank}")
    @Produces(MediaType.TEXT_PLAIN)
    @Answer(
            description = "The whole log",
            of = String.class,
            types = MediaType.TEXT_PLAIN,
            headers = {"ETag", "Content-Disposition", "Accept-Ranges"})
    @Answer(
            status = 206,
            description = "The range that was asked for",
            of = String.class,
            types = MediaType.TEXT_PLAIN,
            headers = {"ETag", "Content-Range"})
    @Answer(status = 304, description = "It is as the caller has it", headers = "ETag")
    @Refuses(416)
    public Response whole(
            @PathParam("id") String id,
            @PathParam("stage") String stage,
            @PathParam("attempt") String attempt,
            @PathParam("rank") String rank,
            RoutingContext request) {
        finder.run(id);
        return files.download(
                find(id, stage, attempt, rank),
                TEXT,
                "%s-%s-attempt-%s-rank-%s.log".formatted(id, stage, attempt, rank),
                request);
    }

    private StoredObject find(String id, String stage, String attempt, String rank) {
        String key =
                "runs/%s/%s/logs/%d/rank-%d.log"
                        .formatted(
                                id,
                                stage(stage),
                                number("attempt", attempt, MOST_NUMBERED),
                                number("rank", rank, MOST_NUMBERED));
        return store.find(key).orElseThrow(() -> RunFinder.missing("there is no such log", key));
    }

    /// In the order of the plan's stages, so that the newest attempt is the last.
    private Page<LogView> list(
            Run run, @Nullable String stage, @Nullable String attempt, @Nullable String rank) {
        long wantedAttempt = attempt == null ? -1 : number("attempt", attempt, MOST_NUMBERED);
        long wantedRank = rank == null ? -1 : number("rank", rank, MOST_NUMBERED);
        List<String> stages = RunFinder.plan(run).stages().stream().map(Stage::id).toList();
        String prefix =
                "runs/" + run.runId() + "/" + (stage == null ? "" : stage(stage) + "/logs/");
        return new Page<>(
                store.list(prefix).stream()
                        .map(LogsResource::view)
                        .flatMap(Optional::stream)
                        .filter(view -> attempt == null || view.attempt() == wantedAttempt)
                        .filter(view -> rank == null || view.rank() == wantedRank)
                        .sorted(
                                Comparator.comparingInt(
                                                (LogView view) -> stages.indexOf(view.stage()))
                                        .thenComparingInt(LogView::attempt)
                                        .thenComparingInt(LogView::rank))
                        .toList(),
                null);
    }

    static Optional<LogView> view(StoredObject object) {
        Matcher key = KEY.matcher(object.key());
        return key.matches()
                ? Optional.of(
                        new LogView(
                                key.group(2),
                                Integer.parseInt(key.group(3)),
                                Integer.parseInt(key.group(4)),
                                object.bytes(),
                                object.key(),
                                "/api/v1/runs/%s/logs/%s/%s/%s"
                                        .formatted(
                                                key.group(1),
                                                key.group(2),
                                                key.group(3),
                                                key.group(4))))
                : Optional.empty();
    }

    private String tail(StoredObject object, int lines) {
        int length = (int) Math.min(object.bytes(), MOST_BYTES);
        if (length == 0) {
            return "";
        }
        String text =
                new String(
                        store.get(object.key(), object.bytes() - length, length),
                        StandardCharsets.UTF_8);
        return lastLines(text, lines);
    }

    static String lastLines(String text, int lines) {
        int end = text.endsWith("\n") ? text.length() - 1 : text.length();
        int start = end;
        for (int left = lines; left > 0 && start >= 0; left--) {
            start = text.lastIndexOf('\n', start - 1);
        }
        return lines == 0 ? "" : text.substring(start + 1);
    }

    private static String stage(String stage) {
        if (!STAGE.matcher(stage).matches()) {
            throw RunsResource.malformed("stage", "the id of a stage");
        }
        return stage;
    }

    private static long number(String name, String text, long most) {
        TanrenException wrong = RunsResource.malformed(name, "a whole number from 0 to " + most);
        if (!text.matches("\\d{1,9}") || Long.parseLong(text) > most) {
            throw wrong;
        }
        return Long.parseLong(text);
    }
}
