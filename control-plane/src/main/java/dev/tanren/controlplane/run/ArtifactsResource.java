package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.endpoint.Answer;
import dev.tanren.controlplane.endpoint.Refuses;
import dev.tanren.controlplane.security.Roles;
import dev.tanren.storage.objects.ObjectStore.StoredObject;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.objects.StoreAddress;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import io.vertx.ext.web.RoutingContext;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriBuilder;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// What a run's stages published.
@Path("/api/v1/runs/{id}/artifacts")
public class ArtifactsResource {

    private final S3ObjectStore store;
    private final StoreAddress address;
    private final PostgresRegistry registry;
    private final RunFinder finder;
    private final StoredFiles files;

    ArtifactsResource(
            S3ObjectStore store,
            StoreAddress address,
            PostgresRegistry registry,
            RunFinder finder,
            StoredFiles files) {
        this.store = store;
        this.address = address;
        this.registry = registry;
        this.finder = finder;
        this.files = files;
    }

    /// @param name path below the stage's artifacts
    /// @param key object key
    /// @param uri of the object in the store, for software that reads it there
    /// @param href where the API gives its bytes
    public record ArtifactView(
            String stage, String name, String key, long bytes, String uri, String href) {}

    @GET
    @RolesAllowed(Roles.VIEWER)
    @Produces(MediaType.APPLICATION_JSON)
    public Page<ArtifactView> list(@PathParam("id") String id) {
        Run run = finder.run(id);
        List<StageRow> stages = registry.runs().stages(run.runId());
        return new Page<>(
                stages.stream().flatMap(stage -> artifacts(id, stage.stageId())).toList(), null);
    }

    /// The bytes of one, as they are in the store, with their SHA-256 as `ETag`. A `Range` is
    /// answered with 206; one with none of the bytes with 416.
    ///
    /// Whoever accepts JSON alone, as for a manifest, gets the same bytes.
    ///
    /// @param name path below the stage's artifacts; `manifest.json` of an export lists its files
    ///     with their hashes
    @GET
    @RolesAllowed(Roles.VIEWER)
    @Path("{stage}/{name: .+}")
    @Produces({MediaType.APPLICATION_OCTET_STREAM, MediaType.APPLICATION_JSON})
    @Answer(
            description = "The bytes",
            of = byte[].class,
            types = MediaType.APPLICATION_OCTET_STREAM,
            headers = {"ETag", "Content-Disposition", "Accept-Ranges"})
    @Answer(
            status = 206,
            description = "The range that was asked for",
            of = byte[].class,
            types = MediaType.APPLICATION_OCTET_STREAM,
            headers = {"ETag", "Content-Range"})
    @Answer(status = 304, description = "It is as the caller has it", headers = "ETag")
    @Refuses(416)
    public Response read(
            @PathParam("id") String id,
            @PathParam("stage") String stage,
            @PathParam("name") String name,
            RoutingContext request) {
        String where = "run/" + id + "/" + stage + "/" + name;
        StageRow found = finder.stage(finder.run(id), stage);
        if (Arrays.stream(name.split("/", -1)).anyMatch(part -> part.matches("|[.]{1,2}"))) {
            throw RunFinder.missing("there is no such artifact", where);
        }
        StoredObject object =
                store.find(prefix(id, found.stageId()) + name)
                        .orElseThrow(() -> RunFinder.missing("there is no such artifact", where));
        return files.download(
                object,
                MediaType.APPLICATION_OCTET_STREAM,
                name.substring(name.lastIndexOf('/') + 1),
                request);
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
                                        uri(object.key()),
                                        href(id, stage, object.key().substring(prefix.length()))));
    }

    private static String href(String id, String stage, String name) {
        String path = "/api/v1/runs/" + id + "/artifacts/" + stage + "/" + name;
        return UriBuilder.fromPath("{path}")
                .resolveTemplate("path", path, false)
                .build()
                .toString();
    }

    private static String prefix(String id, String stage) {
        return "runs/" + id + "/" + stage + "/artifacts/";
    }

    private String uri(String key) {
        return "s3://" + address.bucket() + "/" + address.prefix() + key;
    }
}
