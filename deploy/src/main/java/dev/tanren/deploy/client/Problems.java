package dev.tanren.deploy.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import java.net.URI;
import java.util.Arrays;

/// Problem details of the server (RFC 9457) as the coded errors they were there.
final class Problems {

    private Problems() {}

    static TanrenException of(int status, String body, URI request) {
        JsonNode problem = parse(body);
        String what = problem.path("what").asText(problem.path("detail").asText(""));
        if (what.isEmpty()) {
            what = problem.path("title").asText("The server answered with status " + status + ".");
        }
        StringBuilder all = new StringBuilder(what);
        for (JsonNode one : problem.path("problems")) {
            String line = one.path("message").asText(one.toString());
            if (what.contains(line)) {
                continue;
            }
            all.append("\n  ").append(line);
        }
        return TanrenException.withLines(
                code(problem.path("code").asText(""), status),
                all.toString(),
                problem.path("where").asText(request.getPath()),
                problem.path("mend").asText(mend(status)),
                null);
    }

    private static JsonNode parse(String body) {
        try {
            JsonNode tree = Json.mapper().readTree(body);
            return tree == null ? Json.mapper().createObjectNode() : tree;
        } catch (JsonProcessingException e) {
            return Json.mapper().createObjectNode();
        }
    }

    private static ErrorCode code(String named, int status) {
        return Arrays.stream(ErrorCode.values())
                .filter(code -> code.code().equals(named) || code.name().equals(named))
                .findFirst()
                .orElseGet(() -> code(status));
    }

    private static ErrorCode code(int status) {
        return switch (status) {
            case 400, 422 -> ErrorCode.REQUEST_MALFORMED;
            case 401 -> ErrorCode.UNAUTHENTICATED;
            case 403 -> ErrorCode.FORBIDDEN;
            case 404 -> ErrorCode.NOT_FOUND;
            case 409, 412, 428 -> ErrorCode.STATE_CONFLICT;
            case 429 -> ErrorCode.TOO_MANY_REQUESTS;
            case 408, 504 -> ErrorCode.STORE_DEADLINE;
            default -> ErrorCode.INTERNAL;
        };
    }

    private static String mend(int status) {
        return switch (status) {
            case 401, 403 ->
                    "Check the token: TANREN_TOKEN, or admin.token in the folder of the stack.";
            case 404 -> "Look for the right name, for example with ./tanren run list";
            default -> "Look at ./tanren status and the logs of the control plane.";
        };
    }
}
