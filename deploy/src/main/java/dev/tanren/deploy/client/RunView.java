package dev.tanren.deploy.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.StreamSupport;

/// One answer of `runs/{id}`, read.
public record RunView(JsonNode tree) {

    private static final Set<String> FINAL = Set.of("succeeded", "failed", "cancelled");

    public JsonNode run() {
        return tree.path("run");
    }

    public String status() {
        return run().path("status").asText();
    }

    public boolean finished() {
        return FINAL.contains(status());
    }

    public String stage() {
        return run().path("stage").asText("");
    }

    public String phase() {
        return run().path("phase").asText("");
    }

    public long step() {
        return run().path("step").asLong();
    }

    public List<JsonNode> stages() {
        return list("stages");
    }

    public List<JsonNode> attempts() {
        return list("attempts");
    }

    public Optional<JsonNode> stage(String id) {
        return stages().stream().filter(stage -> stage.path("id").asText().equals(id)).findFirst();
    }

    /// Hash over all weights and optimizer state of a stage's newest checkpoint; empty before there
    /// is one.
    public String stateHash(String stage) {
        return stage(stage)
                .map(view -> view.path("latestCheckpoint").path("weightsSha256").asText(""))
                .orElse("");
    }

    private List<JsonNode> list(String field) {
        return StreamSupport.stream(tree.path(field).spliterator(), false).toList();
    }
}
