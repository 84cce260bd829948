package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.deploy.client.ApiClient;
import dev.tanren.deploy.client.Server;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.json.Json;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Tries every call as those who may not make it, the same request 200 times at once, and a flood.
final class Doors {

    private static final int AT_ONCE = 200;
    private static final int FLOOD = 600;
    private static final String RUNS = "/api/v1/runs";

    /// What anyone may ask.
    private static final Set<String> OPEN = Set.of("GET /", "POST /console/session");

    /// Without changing anything, and where one's own session ends.
    private static final Set<String> OF_VIEWERS =
            Set.of(
                    "POST /api/v1/plans/explain",
                    "POST /api/v1/plans/validate",
                    "POST /console/session",
                    "DELETE /console/session");

    private static final Set<String> OF_ADMINISTRATORS =
            Set.of("GET /api/v1/audit", "GET /api/v1/audit/verification", "GET /api/v1/tokens");

    private final Laboratory laboratory;
    private final Findings findings;
    private final Door door;

    private Doors(Laboratory laboratory, Findings findings, Door door) {
        this.laboratory = laboratory;
        this.findings = findings;
        this.door = door;
    }

    /// Passes when each is refused with 401 or 403, equal requests begin one run, another
    /// body under their key is 422, and the flood gets 429 while others are served.
    static void tried(Laboratory laboratory, Findings findings) throws InterruptedException {
        try (Door door = new Door(laboratory.server().address())) {
            Doors doors = new Doors(laboratory, findings, door);
            String viewer = doors.token("viewer");
            doors.everyCall(viewer);
            doors.equalRequests(doors.token("operator"));
            doors.flood(viewer);
        }
    }

    private String token(String role) {
        return laboratory
                .api()
                .post(
                        "/tokens",
                        Json.mapper()
                                .createObjectNode()
                                .put("name", "chaos-" + role + "-" + System.nanoTime())
                                .put("role", role),
                        Map.of())
                .path("token")
                .asText();
    }

    private void everyCall(String viewer) throws InterruptedException {
        List<String> calls = calls();
        List<String> open = new ArrayList<>();
        List<String> toViewers = new ArrayList<>();
        for (String call : calls) {
            String method = call.substring(0, call.indexOf(' '));
            String path =
                    call.substring(method.length() + 1)
                            .replace("{action}", "pause")
                            .replace("{step}", "1")
                            .replaceAll("\\{\\w+}", "0".repeat(26));
            int without = door.send(method, path, null, null, Map.of()).statusCode();
            if (!OPEN.contains(call) && without != 401) {
                open.add(call + ": " + without);
            }
            boolean allowed =
                    OF_VIEWERS.contains(call)
                            || (method.equals("GET") && !OF_ADMINISTRATORS.contains(call));
            if (!allowed) {
                int asViewer = door.send(method, path, viewer, null, Map.of()).statusCode();
                if (asViewer != 403) {
                    toViewers.add(call + ": " + asViewer);
                }
            }
        }
        findings.check(
                "every call without a token is 401",
                open.isEmpty() && calls.size() > 20,
                open.isEmpty() ? calls.size() + " calls" : open);
        findings.check(
                "what changes something is 403 for a viewer",
                toViewers.isEmpty(),
                toViewers.isEmpty() ? "all" : toViewers);
        told("without a token", "tnr_none", ErrorCode.UNAUTHENTICATED, "token");
        told("as a viewer", viewer, ErrorCode.FORBIDDEN, "operator");
    }

    /// All that the API describes of itself.
    private List<String> calls() throws InterruptedException {
        HttpResponse<String> described =
                door.send(
                        "GET",
                        "/q/openapi?format=json",
                        laboratory.server().token(),
                        null,
                        Map.of());
        List<String> calls = new ArrayList<>();
        for (var path : Json.read(described.body(), JsonNode.class).path("paths").properties()) {
            for (String method : List.of("get", "post", "put", "patch", "delete")) {
                if (path.getValue().has(method)) {
                    calls.add(method.toUpperCase(java.util.Locale.ROOT) + " " + path.getKey());
                }
            }
        }
        return calls;
    }

    private void told(String who, String token, ErrorCode code, String... words) {
        ApiClient client = new ApiClient(new Server(laboratory.server().address(), token));
        new OnCall(laboratory, findings)
                .expectRefused(
                        FaultClass.CONFIGURATION,
                        who,
                        code,
                        () ->
                                client.send(
                                        "/runs",
                                        laboratory.plan("refused", 2),
                                        "application/yaml",
                                        Map.of()),
                        words);
    }

    private void equalRequests(String operator) throws InterruptedException {
        String name = "once-" + laboratory.random().nextInt(1_000_000);
        Map<String, String> key = Map.of("Idempotency-Key", name);
        String plan = laboratory.plan(name, 80);
        List<HttpResponse<String>> answers =
                door.sendAtOnce(AT_ONCE, "POST", RUNS, operator, plan, key);
        Set<String> ids = new HashSet<>();
        for (HttpResponse<String> answer : answers) {
            if (answer.statusCode() == 201) {
                ids.add(Json.read(answer.body(), JsonNode.class).path("id").asText());
            }
        }
        JsonNode runs = laboratory.api().get("/runs?name=" + name).path("items");
        findings.check(
                AT_ONCE + " equal requests at once begin one run",
                ids.size() == 1 && runs.size() == 1,
                statuses(answers) + ", " + runs.size() + " runs");
        findings.check(
                "each was answered with it, or told to ask again",
                Set.of(201, 409, 429).containsAll(statuses(answers).keySet()),
                statuses(answers));
        int changed = door.send("POST", RUNS, laboratory.server().token(), plan, key).statusCode();
        findings.check("the key is another person's own", changed == 201, changed);
        Thread.sleep(1_000);
        int other = door.send("POST", RUNS, operator, plan + "\n", key).statusCode();
        findings.check("another body under the key is 422", other == 422, other);
        for (JsonNode run : laboratory.api().get("/runs?name=" + name).path("items")) {
            laboratory.cancel(run.path("id").asText());
        }
    }

    private void flood(String viewer) throws InterruptedException {
        List<HttpResponse<String>> answers =
                door.sendAtOnce(FLOOD, "GET", RUNS, viewer, null, Map.of());
        Map<Integer, Integer> statuses = statuses(answers);
        findings.check(
                "a flood is slowed with 429 and when to come back",
                statuses.containsKey(429)
                        && answers.stream()
                                .filter(answer -> answer.statusCode() == 429)
                                .allMatch(
                                        answer ->
                                                answer.headers()
                                                        .firstValue("Retry-After")
                                                        .isPresent()),
                statuses);
        findings.check(
                "nothing else is answered to it",
                Set.of(200, 429).containsAll(statuses.keySet()),
                statuses);
        int meanwhile =
                door.send("GET", RUNS, laboratory.server().token(), null, Map.of()).statusCode();
        findings.check("others are served meanwhile", meanwhile == 200, meanwhile);
    }

    private static Map<Integer, Integer> statuses(List<HttpResponse<String>> answers) {
        Map<Integer, Integer> counts = new TreeMap<>();
        answers.forEach(answer -> counts.merge(answer.statusCode(), 1, Integer::sum));
        return counts;
    }
}
