package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.plan.json.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Where a run's exports are: the address and the files of each.
///
/// @param files as the API lists artifacts, those of export stages alone
record Exports(String runId, ArrayNode files) {

    private static final List<Table.Column> FILES =
            List.of(
                    Table.Column.of("FILE", "name"),
                    new Table.Column("SIZE", file -> Figures.bytes(file.path("bytes").asLong())));

    /// Asks for them; not where no stage of the run exports.
    ///
    /// @param detail of the run
    static Exports of(ApiClient api, String runId, JsonNode detail) {
        List<String> stages =
                detail.path("stages")
                        .valueStream()
                        .filter(stage -> stage.path("type").asText().equals("export"))
                        .map(stage -> stage.path("id").asText())
                        .toList();
        ArrayNode files = Json.mapper().createArrayNode();
        if (!stages.isEmpty()) {
            api.get("/runs/" + ApiClient.name(runId) + "/artifacts")
                    .path("items")
                    .valueStream()
                    .filter(file -> stages.contains(file.path("stage").asText()))
                    .forEach(files::add);
        }
        return new Exports(runId, files);
    }

    void print(Terminal terminal) {
        Map<String, List<JsonNode>> byStage = new LinkedHashMap<>();
        files.forEach(
                file ->
                        byStage.computeIfAbsent(
                                        file.path("stage").asText(), any -> new ArrayList<>())
                                .add(file));
        byStage.forEach((stage, ofStage) -> print(terminal, stage, ofStage));
    }

    private void print(Terminal terminal, String stage, List<JsonNode> ofStage) {
        String uri = ofStage.getFirst().path("uri").asText();
        String name = ofStage.getFirst().path("name").asText();
        String folder = uri.substring(0, uri.length() - name.length());
        terminal.out().println();
        terminal.out().println("export  " + stage + "  " + folder);
        new Table(FILES).print(Json.mapper().createArrayNode().addAll(ofStage), terminal.out());
        boolean bundleAlone =
                ofStage.stream()
                        .noneMatch(file -> file.path("name").asText().startsWith("huggingface/"));
        terminal.say(
                "Fetch it with: ./tanren model pull "
                        + (bundleAlone ? "--format djl " : "")
                        + runId
                        + "/"
                        + stage
                        + " FOLDER");
    }
}
