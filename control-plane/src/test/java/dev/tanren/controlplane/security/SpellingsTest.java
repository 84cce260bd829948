package dev.tanren.controlplane.security;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.plan.json.Json;
import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Every call of the API, by everyone, under every spelling of its address that some part of a
/// server may take for the plain one.
@QuarkusTest
class SpellingsTest extends ApiTest {

    private static final Set<String> METHODS = Set.of("get", "post", "put", "delete", "patch");

    /// The least role for each call; null where anyone may call it.
    private static final Map<String, @Nullable Role> NEEDED = new TreeMap<>();

    static {
        NEEDED.put("GET /", null);
        NEEDED.put("POST /console/session", null);
        NEEDED.put("GET /console/session", Role.VIEWER);
        NEEDED.put("DELETE /console/session", Role.VIEWER);
        NEEDED.put("GET /api/v1", Role.VIEWER);
        NEEDED.put("GET /api/v1/attention", Role.VIEWER);
        NEEDED.put("POST /api/v1/attention/{id}/acknowledge", Role.OPERATOR);
        NEEDED.put("GET /api/v1/audit", Role.ADMIN);
        NEEDED.put("GET /api/v1/audit/verification", Role.ADMIN);
        NEEDED.put("GET /api/v1/runs", Role.VIEWER);
        NEEDED.put("POST /api/v1/runs", Role.OPERATOR);
        NEEDED.put("GET /api/v1/runs/{id}", Role.VIEWER);
        NEEDED.put("DELETE /api/v1/runs/{id}", Role.OPERATOR);
        NEEDED.put("POST /api/v1/runs/{id}/{action}", Role.OPERATOR);
        NEEDED.put("GET /api/v1/runs/{id}/artifacts", Role.VIEWER);
        NEEDED.put("GET /api/v1/runs/{id}/artifacts/{stage}/{name}", Role.VIEWER);
        NEEDED.put("GET /api/v1/runs/{id}/checkpoints", Role.VIEWER);
        NEEDED.put("POST /api/v1/runs/{id}/checkpoints/{stage}/{step}/verify", Role.OPERATOR);
        NEEDED.put("GET /api/v1/runs/{id}/diagnosis", Role.VIEWER);
        NEEDED.put("GET /api/v1/runs/{id}/events", Role.VIEWER);
        NEEDED.put("GET /api/v1/runs/{id}/logs", Role.VIEWER);
        NEEDED.put("GET /api/v1/runs/{id}/logs/{stage}/{attempt}/{rank}", Role.VIEWER);
        NEEDED.put("GET /api/v1/runs/{id}/metrics", Role.VIEWER);
        NEEDED.put("GET /api/v1/runs/{id}/plan", Role.VIEWER);
        NEEDED.put("GET /api/v1/runs/{id}/recovery", Role.VIEWER);
        NEEDED.put("POST /api/v1/plans/explain", Role.VIEWER);
        NEEDED.put("POST /api/v1/plans/validate", Role.VIEWER);
        NEEDED.put("GET /api/v1/plans/templates", Role.VIEWER);
        NEEDED.put("GET /api/v1/schemas/plan", Role.VIEWER);
        NEEDED.put("GET /api/v1/workers", Role.VIEWER);
        NEEDED.put("POST /api/v1/store/collect", Role.ADMIN);
        NEEDED.put("POST /api/v1/store/rebuild", Role.ADMIN);
        NEEDED.put("GET /api/v1/tokens", Role.ADMIN);
        NEEDED.put("POST /api/v1/tokens", Role.ADMIN);
        NEEDED.put("DELETE /api/v1/tokens/{id}", Role.ADMIN);
        // Of another's token.
        NEEDED.put("POST /api/v1/tokens/{id}/rotate", Role.ADMIN);
    }

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    @Test
    void everyCallThatTheApiDescribesHasItsRoleHere() throws IOException {
        assertThat(described()).containsExactlyInAnyOrderElementsOf(NEEDED.keySet());
    }

    private Set<String> described() throws IOException {
        String document =
                as(token(Role.VIEWER)).queryParam("format", "json").get("/q/openapi").asString();
        Set<String> calls = new LinkedHashSet<>();
        Json.mapper()
                .readTree(document)
                .path("paths")
                .properties()
                .forEach(
                        path ->
                                path.getValue()
                                        .fieldNames()
                                        .forEachRemaining(
                                                method -> {
                                                    if (METHODS.contains(method)) {
                                                        calls.add(
                                                                method.toUpperCase(Locale.ROOT)
                                                                        + " "
                                                                        + path.getKey());
                                                    }
                                                }));
        return calls;
    }

    @Test
    void noSpellingOfAnAddressGivesMoreThanThePlainOne() throws Exception {
        List<String> surprises = new ArrayList<>();
        for (Map.Entry<String, @Nullable Role> call : NEEDED.entrySet()) {
            Role needed = call.getValue();
            if (needed == null) {
                continue;
            }
            String method = call.getKey().substring(0, call.getKey().indexOf(' '));
            String plain =
                    call.getKey()
                            .substring(method.length() + 1)
                            .replace("{action}", "pause")
                            .replace("{step}", "1")
                            .replace("{attempt}", "1")
                            .replace("{rank}", "0")
                            .replaceAll("\\{\\w+}", "0".repeat(26));
            List<@Nullable Role> who = new ArrayList<>(List.of(Role.values()));
            who.removeIf(role -> role != null && role.compareTo(needed) >= 0);
            who.add(null);
            for (Role role : who) {
                String token = role == null ? null : token(role);
                for (String spelling : spellings(plain)) {
                    HttpResponse<String> answer = send(method, spelling, token);
                    if (!refused(answer, spelling.equals(plain), role)) {
                        surprises.add(
                                method
                                        + " "
                                        + spelling
                                        + " as "
                                        + role
                                        + ": "
                                        + answer.statusCode()
                                        + " "
                                        + answer.body());
                    }
                    if (!answer.headers()
                            .firstValue("Cache-Control")
                            .orElse("")
                            .equals("no-store")) {
                        surprises.add(method + " " + spelling + " may be kept");
                    }
                }
            }
        }
        assertThat(surprises).isEmpty();
    }

    @Test
    void anAddressWithAParameterInItIsNoWayAroundTheRole() throws Exception {
        String viewer = token(Role.VIEWER);
        for (String spelling : List.of("/api;x/v1/tokens", "/api/v1;a=b/tokens")) {
            HttpResponse<String> answer = send("GET", spelling, viewer);
            assertThat(answer.statusCode()).as(spelling).isEqualTo(403);
            assertThat(answer.body()).contains("this needs the role admin");
            assertThat(send("GET", spelling, token(Role.ADMIN)).headers().map())
                    .containsEntry("Cache-Control", List.of("no-store"));
        }
    }

    private static Set<String> spellings(String plain) {
        Set<String> all = new LinkedHashSet<>();
        all.add(plain);
        String[] segments = plain.substring(1).split("/", -1);
        for (int i = 0; i < segments.length; i++) {
            all.add(with(segments, i, segments[i] + ";x"));
            all.add(with(segments, i, segments[i] + ";a=b"));
            all.add(with(segments, i, "/" + segments[i]));
            all.add(with(segments, i, "%2e/" + segments[i]));
            all.add(with(segments, i, "x/%2e%2e/" + segments[i]));
            all.add(with(segments, i, segments[i].toUpperCase(Locale.ROOT)));
            all.add(
                    with(
                            segments,
                            i,
                            "%%%02x".formatted((int) segments[i].charAt(0))
                                    + segments[i].substring(1)));
        }
        all.add(plain + "/");
        all.add(plain + "/;x");
        all.add(plain + "%2f");
        all.add(plain + "%3bx");
        all.add("/console/.." + plain);
        all.add("/console/%2e%2e" + plain);
        all.add("/console/..;" + plain);
        all.add("/q/health/.." + plain);
        return all;
    }

    private static String with(String[] segments, int at, String other) {
        List<String> changed = new ArrayList<>(List.of(segments));
        changed.set(at, other);
        return "/" + String.join("/", changed);
    }

    /// Whether nothing of ours was reached: the router's own refusals name the address as place.
    private static boolean refused(HttpResponse<String> answer, boolean plain, @Nullable Role role)
            throws IOException {
        int expected = role == null ? 401 : 403;
        if (answer.statusCode() == expected || plain) {
            return answer.statusCode() == expected
                    && Json.mapper().readTree(answer.body()).path("status").asInt() == expected;
        }
        if (answer.statusCode() == 401 || answer.statusCode() == 403) {
            return true;
        }
        String where = Json.mapper().readTree(answer.body()).path("where").asText();
        return Set.of(400, 404, 405).contains(answer.statusCode())
                && where.matches("(GET|POST|DELETE) /.*");
    }

    private static HttpResponse<String> send(String method, String path, @Nullable String token)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(
                                URI.create(
                                        "http://localhost:%d%s".formatted(RestAssured.port, path)))
                        .header("Content-Type", "application/json")
                        .method(
                                method,
                                method.equals("POST")
                                        ? BodyPublishers.ofString("{}")
                                        : BodyPublishers.noBody());
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        return CLIENT.send(request.build(), BodyHandlers.ofString());
    }
}
