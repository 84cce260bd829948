package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.util.List;
import java.util.Map;

/// The workers that live, with what they have promised of their memory and what is free.
final class WorkersView {

    private static final List<Table.Column> COLUMNS =
            List.of(
                    Table.Column.of("WORKER", "id"),
                    bytes("MEMORY", "memoryBytes"),
                    bytes("PROMISED", "promisedBytes"),
                    bytes("FREE", "freeBytes"),
                    Table.Column.of("ACTIVITY", "activity"));

    private WorkersView() {}

    /// None where the control plane does not answer: the stack's parts say why.
    static JsonNode of(Map<String, String> environment) {
        ArrayNode alive = Json.mapper().createArrayNode();
        try {
            for (JsonNode worker :
                    new ApiClient(Server.ofStack(environment)).get("/workers").path("items")) {
                if (worker.path("alive").asBoolean()) {
                    alive.add(worker);
                }
            }
        } catch (TanrenException unknown) {
            return alive;
        }
        return alive;
    }

    static void print(JsonNode workers, Terminal terminal) {
        if (!workers.isEmpty()) {
            terminal.out().println();
            new Table(COLUMNS).print(workers, terminal.out());
        }
    }

    private static Table.Column bytes(String title, String field) {
        return new Table.Column(title, row -> Figures.bytes(row.path(field).asLong()));
    }
}
