package dev.tanren.controlplane.run;

import dev.tanren.controlplane.api.Page;
import dev.tanren.storage.objects.S3ObjectStore;
import dev.tanren.storage.registry.PostgresRegistry;
import dev.tanren.storage.registry.Runs.Run;
import dev.tanren.storage.registry.Runs.StageRow;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.stream.Stream;

/// What a run's stages published.
@Path("/api/v1/runs/{id}/artifacts")
@Produces(MediaType.APPLICATION_JSON)
public class ArtifactsResource {

    private final S3ObjectStore store;
    private final PostgresRegistry registry;
    private final RunFinder finder;

    ArtifactsResource(S3ObjectStore store, PostgresRegistry registry, RunFinder finder) {
        this.store = store;
        this.registry = registry;
        this.finder = finder;
    }

    /// @param name path below the stage's artifacts
    /// @param key object key
    public record ArtifactView(String stage, String name, String key, long bytes) {}

    @GET
    public Page<ArtifactView> list(@PathParam("id") String id) {
        Run run = finder.run(id);
        List<StageRow> stages = registry.runs().stages(run.runId());
        return new Page<>(
                stages.stream().flatMap(stage -> artifacts(id, stage.stageId())).toList(), null);
    }

    private Stream<ArtifactView> artifacts(String id, String stage) {
        String prefix = "runs/" + id + "/" + stage + "/artifacts/";
        return store.list(prefix).stream()
                .map(
                        object ->
                                new ArtifactView(
                                        stage,
                                        object.key().substring(prefix.length()),
                                        object.key(),
                                        object.bytes()));
    }
}
