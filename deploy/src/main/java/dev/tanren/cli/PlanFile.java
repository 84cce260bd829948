package dev.tanren.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.json.Json;
import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.validation.PlanReader;
import dev.tanren.spec.validation.PlanReading;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/// A plan as a file of the user.
///
/// @param file absolute
record PlanFile(Path file, String text) {

    private static final String SCHEME = "file:";

    /// @throws TanrenException `SOURCE_MISSING` or `SOURCE_UNREADABLE`
    static PlanFile read(Path file) {
        Path absolute = file.toAbsolutePath().normalize();
        if (!Files.isRegularFile(absolute)) {
            throw new TanrenException(
                    ErrorCode.SOURCE_MISSING,
                    "There is no such plan file.",
                    absolute.toString(),
                    "Give the path of a plan in YAML or JSON.");
        }
        try {
            byte[] bytes = Files.readAllBytes(absolute);
            return new PlanFile(absolute, new String(bytes, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "The plan file cannot be read: " + e.getMessage(),
                    absolute.toString(),
                    "Check its permissions.",
                    e);
        }
    }

    PlanReading validate() {
        return PlanReader.read(text);
    }

    /// @throws TanrenException `PLAN_INVALID`, listing every problem
    Plan plan() {
        try {
            return validate().planOrThrow();
        } catch (TanrenException e) {
            throw new TanrenException(e.code(), e.what(), file.toString(), e.mend(), e);
        }
    }

    /// The plan as JSON, with `file:` URIs that were relative made absolute against the folder of
    /// the plan file, because a worker has another one.
    ///
    /// @throws TanrenException `PLAN_INVALID` when it is not a valid plan
    JsonNode submittable() {
        plan();
        Object tree = new Load(LoadSettings.builder().build()).loadFromString(text);
        return absolute(Json.mapper().valueToTree(tree));
    }

    private JsonNode absolute(JsonNode node) {
        return switch (node) {
            case ObjectNode object -> {
                object.properties().forEach(field -> field.setValue(absolute(field.getValue())));
                yield object;
            }
            case ArrayNode array -> {
                for (int i = 0; i < array.size(); i++) {
                    array.set(i, absolute(array.get(i)));
                }
                yield array;
            }
            case TextNode text when text.textValue().startsWith(SCHEME) ->
                    TextNode.valueOf(absolute(text.textValue()));
            default -> node;
        };
    }

    private String absolute(String uri) {
        String path = uri.substring(SCHEME.length());
        if (path.startsWith("/")) {
            return uri;
        }
        return SCHEME + file.resolveSibling(path).normalize();
    }
}
