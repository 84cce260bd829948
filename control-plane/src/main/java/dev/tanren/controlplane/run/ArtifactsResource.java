package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.objects.ObjectStream;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a run's stages published.
@Path("/api/v1/runs/{id}/artifacts")
public class ArtifactsResource {

    /// The only form of a range that is needed: from a byte on, to the end.
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{1,18})-");

    private static final String RANGE_HEADER = "Range";

    private final S3ObjectStore store;
    private final StoreAddress address;
    private final PostgresRegistry registry;
    private final RunFinder finder;

    ArtifactsResource(
            S3ObjectStore store,
            StoreAddress address,
            PostgresRegistry registry,
            RunFinder finder) {
        this.store = store;
        this.address = address;
        this.registry = registry;
        this.finder = finder;
    }

    /// @param name path below the stage's artifacts
    /// @param key object key
    /// @param uri of the object in the store, for software that reads it there
    public record ArtifactView(String stage, String name, String key, long bytes, String uri) {}

    @GET
    @RolesAllowed(Roles.VIEWER)
    @Produces(MediaType.APPLICATION_JSON)
    public Page<ArtifactView> list(@PathParam("id") String id) {
        Run run = finder.run(id);
        List<StageRow> stages = registry.runs().stages(run.runId());
        return new Page<>(
                stages.stream().flatMap(stage -> artifacts(id, stage.stageId())).toList(), null);
    }

    /// The bytes of one, as they are in the store. `Range: bytes=N-` gives those from the byte N
    /// on.
    ///
    /// Whoever accepts JSON alone, as for a manifest, gets the same bytes.
    ///
    /// @param name path below the stage's artifacts; `manifest.json` of an export lists its files
    ///     with their hashes
    @GET
    @RolesAllowed(Roles.VIEWER)
    @Path("{stage}/{name: .+}")
    @Produces({MediaType.APPLICATION_OCTET_STREAM, MediaType.APPLICATION_JSON})
    public Response read(
            @PathParam("id") String id,
            @PathParam("stage") String stage,
            @PathParam("name") String name,
            @HeaderParam(RANGE_HEADER) @Nullable String range) {
        String where = "run/" + id + "/" + stage + "/" + name;
        StageRow found = finder.stage(finder.run(id), stage);
        if (Arrays.stream(name.split("/", -1)).anyMatch(part -> part.matches("|[.]{1,2}"))) {
            throw RunFinder.missing("there is no such artifact", where);
        }
        StoredObject object =
                store.find(prefix(id, found.stageId()) + name)
                        .orElseThrow(() -> RunFinder.missing("there is no such artifact", where));
        long from = range == null ? 0 : from(range, object.bytes());
        Response.ResponseBuilder answer =
                Response.status(range == null ? Status.OK : Status.PARTIAL_CONTENT)
                        .entity(new ObjectStream(store, object.key(), from, object.bytes()))
                        .type(MediaType.APPLICATION_OCTET_STREAM)
                        .header(HttpHeaders.CONTENT_LENGTH, object.bytes() - from)
                        .header("Accept-Ranges", "bytes");
        if (range != null) {
            long last = object.bytes() - 1;
            answer.header("Content-Range", "bytes " + from + "-" + last + "/" + object.bytes());
        }
        return answer.build();
    }

    private static long from(String range, long bytes) {
        Matcher asked = RANGE.matcher(range);
        if (!asked.matches() || Long.parseLong(asked.group(1)) >= bytes) {
            throw RunsResource.malformed(
                    RANGE_HEADER, "bytes=N- with an N below the artifact's " + bytes + " bytes");
        }
        return Long.parseLong(asked.group(1));
    }

    private Stream<ArtifactView> artifacts(String id, String stage) {
        String prefix = prefix(id, stage);
        return store.list(prefix).stream()
                .map(
                        object ->
                                new ArtifactView(
                                        stage,
                                        object.key().substring(prefix.length()),
                                        object.key(),
                                        object.bytes(),
                                        uri(object.key())));
    }

    private static String prefix(String id, String stage) {
        return "runs/" + id + "/" + stage + "/artifacts/";
    }

    private String uri(String key) {
        return "s3://" + address.bucket() + "/" + address.prefix() + key;
    }
}
