package dev.tanren.controlplane.description;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Compares JSON with a schema of the API's description, as far as the description uses JSON
/// Schema.
record DescribedSchema(JsonNode document, JsonNode schema) {

    /// What does not fit, with its place; empty where everything does.
    List<String> problems(JsonNode value) {
        List<String> problems = new ArrayList<>();
        check("", schema, value, problems);
        return problems;
    }

    private void check(String at, JsonNode given, JsonNode value, List<String> problems) {
        JsonNode wanted = resolve(given);
        if (wanted.has("anyOf")) {
            for (JsonNode one : wanted.path("anyOf")) {
                List<String> of = new ArrayList<>();
                check(at, one, value, of);
                if (of.isEmpty()) {
                    return;
                }
            }
            problems.add(at + " is " + value + ", which fits none of " + wanted);
            return;
        }
        if (wanted.has("type") && !fits(wanted.path("type").asText(), value)) {
            problems.add(at + " is " + value + ", no " + wanted.path("type").asText());
            return;
        }
        if (wanted.has("enum") && !names(wanted.path("enum")).contains(value.asText())) {
            problems.add(at + " is " + value + ", none of " + wanted.path("enum"));
        }
        if (wanted.has("pattern")
                && value.isTextual()
                && !Pattern.compile(wanted.path("pattern").asText())
                        .matcher(value.asText())
                        .find()) {
            problems.add(at + " is " + value + ", not as " + wanted.path("pattern"));
        }
        for (String name : names(wanted.path("required"))) {
            if (!value.has(name)) {
                problems.add(at + " has no " + name);
            }
        }
        for (Map.Entry<String, JsonNode> property : value.properties()) {
            JsonNode own = wanted.path("properties").path(property.getKey());
            JsonNode other = wanted.path("additionalProperties");
            if (!own.isMissingNode() || other.isObject()) {
                check(
                        at + "." + property.getKey(),
                        own.isMissingNode() ? other : own,
                        property.getValue(),
                        problems);
            } else if (wanted.has("properties")) {
                problems.add(at + " has " + property.getKey() + ", which is not described");
            }
        }
        if (value.isArray() && wanted.has("items")) {
            for (int i = 0; i < value.size(); i++) {
                check(at + "[" + i + "]", wanted.path("items"), value.get(i), problems);
            }
        }
    }

    private JsonNode resolve(JsonNode given) {
        return given.has("$ref") ? document.at(given.path("$ref").asText().substring(1)) : given;
    }

    private static List<String> names(JsonNode array) {
        List<String> names = new ArrayList<>();
        array.forEach(name -> names.add(name.asText()));
        return names;
    }

    private static boolean fits(String type, JsonNode value) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            default -> throw new IllegalArgumentException(type);
        };
    }
}
