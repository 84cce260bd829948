package dev.tanren.controlplane.description;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.tanren.controlplane.ApiTest;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.RunState;
import dev.tanren.plan.run.StageState;
import dev.tanren.storage.registry.Metrics.StepRow;
import dev.tanren.storage.registry.Runs;
import dev.tanren.storage.registry.Tokens.Role;
import dev.tanren.storage.testing.StartedAttempt;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The description of the API for machines says what the API does.
@QuarkusTest
class ApiDescriptionTest extends ApiTest {

    private JsonNode document;
    private String admin;

    @BeforeEach
    void reads() throws IOException {
        admin = token(Role.ADMIN);
        String text = as(admin).queryParam("format", "json").get("/q/openapi").asString();
        Files.writeString(Path.of("target/openapi.json"), text);
        document = Json.mapper().readTree(text);
    }

    private JsonNode call(String verb, String path) {
        JsonNode call = document.path("paths").path(path).path(verb);
        assertThat(call.isObject()).as(verb + " " + path).isTrue();
        return call;
    }

    @Test
    void everyCallSaysWhoMayAndHowItRefuses() {
        List<String> surprises = new ArrayList<>();
        document.path("paths")
                .properties()
                .forEach(
                        path ->
                                path.getValue()
                                        .properties()
                                        .forEach(
                                                call ->
                                                        check(
                                                                call.getKey() + path.getKey(),
                                                                call.getValue(),
                                                                surprises)));
        assertThat(surprises).isEmpty();
        assertThat(document.at("/components/securitySchemes/token/scheme").asText())
                .isEqualTo("bearer");
        assertThat(document.at("/components/securitySchemes/session/in").asText())
                .isEqualTo("cookie");
    }

    private static void check(String name, JsonNode call, List<String> surprises) {
        List<String> statuses = new ArrayList<>();
        call.path("responses").fieldNames().forEachRemaining(statuses::add);
        boolean open = List.of("get/", "post/console/session").contains(name);
        if (!statuses.contains("401") && !name.equals("get/")) {
            surprises.add(name + " may not be 401");
        }
        if (open != call.path("security").isEmpty()) {
            surprises.add(name + " has the security " + call.path("security"));
        }
        if (!statuses.containsAll(List.of("400", "403", "429", "503"))) {
            surprises.add(name + " has " + statuses + " alone");
        }
        for (String status : statuses) {
            JsonNode content = call.path("responses").path(status).path("content");
            if (status.compareTo("400") >= 0
                    && !content.path("application/problem+json")
                            .at("/schema/$ref")
                            .asText()
                            .endsWith("/ProblemDetails")) {
                surprises.add(name + " has no problem for " + status);
            }
        }
        if (statuses.stream().noneMatch(status -> status.startsWith("2"))) {
            surprises.add(name + " has no good answer");
        }
    }

    @Test
    void everyReferenceLeadsSomewhere() {
        List<String> lost =
                document.findValuesAsText("$ref").stream()
                        .filter(reference -> document.at(reference.substring(1)).isMissingNode())
                        .toList();
        assertThat(lost).isEmpty();
    }

    @Test
    void whatMayBeNullIsThereAndNullable() {
        JsonNode run = document.at("/components/schemas/RunSummary");
        assertThat(run.path("required").toString()).contains("\"reason\"", "\"id\"", "\"loss\"");
        assertThat(run.at("/properties/reason/anyOf/1/type").asText()).isEqualTo("null");
        assertThat(run.at("/properties/loss/anyOf/0/type").asText()).isEqualTo("number");
        assertThat(run.at("/properties/id/type").asText()).isEqualTo("string");
        assertThat(run.at("/properties/step/type").asText()).isEqualTo("integer");
    }

    @Test
    void parametersAreWhatTheCallsTake() {
        JsonNode list = call("get", "/api/v1/runs").path("parameters");
        JsonNode limit = named(list, "limit");
        assertThat(limit.at("/schema/anyOf/0/type").asText()).isEqualTo("integer");
        assertThat(limit.at("/schema/anyOf/0/maximum").asInt()).isEqualTo(200);
        JsonNode id = named(call("get", "/api/v1/runs/{id}").path("parameters"), "id");
        assertThat(id.path("required").asBoolean()).isTrue();
        assertThat(id.at("/schema/pattern").asText()).contains("{26}");
    }

    @Test
    void bodiesAreWhatTheCallsTake() {
        String action = "/api/v1/runs/{id}/{action}";
        String acknowledge = "/api/v1/attention/{id}/acknowledge";
        for (String call : List.of(action, acknowledge)) {
            JsonNode body = call("post", call).path("requestBody");
            assertThat(body.at("/content/application~1json/schema/$ref").asText())
                    .isEqualTo("#/components/schemas/Reason");
            assertThat(body.path("required").asBoolean()).isFalse();
            assertThat(call("post", call).path("responses").has("408")).isTrue();
        }
        JsonNode plan = call("post", "/api/v1/runs").path("requestBody");
        assertThat(plan.path("required").asBoolean()).isTrue();
        assertThat(plan.path("content").has("application/yaml")).isTrue();
        assertThat(call("post", "/api/v1/store/collect").has("requestBody")).isFalse();
        JsonNode validated = call("post", "/api/v1/plans/validate").path("requestBody");
        assertThat(validated.path("required").asBoolean()).isFalse();
        JsonNode schemas = document.path("components").path("schemas");
        assertThat(schemas.at("/SignIn/properties/token/pattern").asText()).contains("u0000");
        assertThat(schemas.at("/Reason/properties/reason/anyOf/0/pattern").asText())
                .contains("u0000");
    }

    /// Readers of YAML make an object of it.
    @Test
    void thePlanThatIsGivenBackMayBeAnything() {
        JsonNode types = call("get", "/api/v1/runs/{id}/plan").at("/responses/200/content");
        assertThat(types.at("/application~1yaml/schema/type").isMissingNode()).isTrue();
        assertThat(types.at("/application~1json/schema/type").isMissingNode()).isTrue();
    }

    @Test
    void cookiesOfSessionsHaveThePortInTheirName() {
        assertThat(document.at("/components/securitySchemes/session/name").asText())
                .matches("tanren_session_[0-9]+");
    }

    @Test
    void emptyParametersAreTakenWhereTheDescriptionSaysSo() {
        String id = trained();
        List<String> surprises = new ArrayList<>();
        int asked = 0;
        for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
            String address = path.getKey().replace("{id}", id);
            for (JsonNode parameter : path.getValue().at("/get/parameters")) {
                if (address.contains("{") || !parameter.path("in").asText().equals("query")) {
                    continue;
                }
                JsonNode schema = parameter.path("schema");
                boolean described =
                        new DescribedSchema(
                                        document,
                                        schema.has("items") ? schema.path("items") : schema)
                                .problems(TextNode.valueOf(""))
                                .isEmpty();
                String empty = address + "?" + parameter.path("name").asText() + "=";
                int status = as(admin).get(empty).statusCode();
                if (described != (status == 200)) {
                    surprises.add(empty + " was answered with " + status);
                }
                asked++;
            }
        }
        assertThat(surprises).isEmpty();
        assertThat(asked).isGreaterThan(15);
    }

    private static JsonNode named(JsonNode parameters, String name) {
        for (JsonNode parameter : parameters) {
            if (parameter.path("name").asText().equals(name)) {
                return parameter;
            }
        }
        throw new AssertionError("no parameter " + name + " in " + parameters);
    }

    @Test
    void streamsAreEventStreamsAndNameTheirEvents() {
        JsonNode schema =
                call("get", "/api/v1/runs/{id}/events")
                        .at("/responses/200/content/text~1event-stream/schema");
        Map<String, String> data = new TreeMap<>();
        for (JsonNode message : schema.path("oneOf")) {
            data.put(
                    message.at("/properties/event/const").asText(),
                    message.at("/properties/data/contentSchema/$ref").asText());
        }
        String of = "#/components/schemas/";
        assertThat(data)
                .containsExactly(
                        Map.entry("end", of + "EndEvent"),
                        Map.entry("event", of + "EventView"),
                        Map.entry("metrics", of + "MetricsEvent"));
    }

    @Test
    void headersOfAnswersAreDescribed() {
        assertThat(call("post", "/api/v1/runs").at("/responses/201/headers").has("Location"))
                .isTrue();
        assertThat(
                        call("get", "/api/v1/runs/{id}/artifacts/{stage}/{name}")
                                .at("/responses/200/headers")
                                .has("ETag"))
                .isTrue();
        assertThat(call("get", "/api/v1/runs").at("/responses/429/headers").has("Retry-After"))
                .isTrue();
    }

    /// With runs of every kind, so that fields are null in some and have values in others.
    @Test
    void whatIsAnsweredIsAsDescribed() throws IOException {
        String id = trained();
        List<String> surprises = new ArrayList<>();
        String run = "/api/v1/runs/{id}";
        for (String path :
                List.of(
                        "/",
                        "/api/v1",
                        "/api/v1/runs",
                        run,
                        run + "/recovery",
                        run + "/diagnosis",
                        run + "/metrics",
                        run + "/logs",
                        run + "/artifacts",
                        run + "/checkpoints",
                        "/api/v1/attention",
                        "/api/v1/audit",
                        "/api/v1/audit/verification",
                        "/api/v1/plans/templates",
                        "/api/v1/workers",
                        "/api/v1/tokens",
                        "/console/session")) {
            compare("get", path, as(admin).get(path.replace("{id}", id)), surprises);
        }
        for (String plan : List.of(plan("whole"), "name: x\nsede: 1\n")) {
            String of = "/api/v1/plans/validate";
            compare("post", of, body(plan).post(of), surprises);
            of = "/api/v1/plans/explain";
            compare("post", of, body(plan).queryParam("device", "h200").post(of), surprises);
        }
        compare("get", run, as(admin).get("/api/v1/runs/" + "0".repeat(26)), surprises);
        compare("post", "/api/v1/runs", body(plan("described")).post("/api/v1/runs"), surprises);
        assertThat(surprises).isEmpty();
    }

    private io.restassured.specification.RequestSpecification body(String plan) {
        return as(admin).contentType("application/yaml").body(plan);
    }

    private void compare(String verb, String path, Response answer, List<String> surprises)
            throws IOException {
        String type = answer.contentType().replaceAll(";.*", "");
        JsonNode schema =
                call(verb, path)
                        .path("responses")
                        .path(Integer.toString(answer.statusCode()))
                        .path("content")
                        .path(type)
                        .path("schema");
        if (schema.isMissingNode()) {
            surprises.add(verb + path + " answered " + answer.statusCode() + " " + type);
            return;
        }
        JsonNode value = Json.mapper().readTree(answer.asString());
        new DescribedSchema(document, schema)
                .problems(value)
                .forEach(problem -> surprises.add(verb + " " + path + ": " + problem));
    }

    private String trained() {
        String id = recordedRun("described");
        var attempt = StartedAttempt.begin(registry, id, "adapt", "short", "w", 1, 0, "r");
        projector().become(id, "adapt", StageState.RUNNING);
        List<StepRow> steps = new ArrayList<>();
        for (long step = 1; step <= 4; step++) {
            Map<String, Double> values =
                    Map.of("loss", 4.5, "tokens", 1024.0, "seconds.total", 0.5);
            steps.add(new StepRow(step, 0, 1, "short", false, "h", values, Instant.now()));
        }
        registry.metrics().record(id, "adapt", attempt.fencingToken(), steps);
        registry.runs().setProgress(id, "adapt", attempt.fencingToken(), "short", 4);
        String log = "runs/" + id + "/adapt/logs/1/rank-0.log";
        store.put(log, "line\n".getBytes(StandardCharsets.UTF_8));
        String artifact = "runs/" + id + "/release/artifacts/huggingface/config.json";
        store.put(artifact, "{}".getBytes(StandardCharsets.UTF_8));
        Runs.Failure failure = new Runs.Failure("RANK_CRASHED", "it ended", "rank 0", "see");
        projector().become(id, RunState.FAILED, "a rank crashed", failure);
        return id;
    }
}
