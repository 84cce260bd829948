package dev.tanren.plan.validation;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.validation.PlanKeys.TopKeys;
import dev.tanren.plan.validation.internal.Documents;
import dev.tanren.plan.validation.internal.Key;
import dev.tanren.plan.validation.internal.Kind;
import dev.tanren.plan.validation.internal.Shape;
import dev.tanren.plan.validation.internal.Singles;
import java.util.Map;

/// The JSON Schema (2020-12) of plans, from the same table of keys that [PlanReader] reads by.
///
/// It says what single values may be; what must hold between them, only [PlanReader] checks. Values
/// that cannot be carried out yet are in it: the reader refuses them.
public final class PlanSchema {

    public static final String ID = "https://tanren.dev/schemas/plan/v1";

    private static final String QUANTITY = "[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)? ?";
    private static final String TEXT = PlanSchema.render();

    private final ObjectNode definitions = Json.mapper().createObjectNode();

    private PlanSchema() {}

    /// The schema as JSON text.
    public static String json() {
        return TEXT;
    }

    private static String render() {
        PlanSchema schema = new PlanSchema();
        ObjectNode root = Json.mapper().createObjectNode();
        root.put("$schema", "https://json-schema.org/draft/2020-12/schema");
        root.put("$id", ID);
        root.put("title", "Tanren plan");
        root.setAll(schema.reference(TopKeys.SHAPE));
        root.set("$defs", schema.definitions);
        return root.toPrettyString() + "\n";
    }

    private ObjectNode reference(Shape shape) {
        if (!definitions.has(shape.name())) {
            ObjectNode definition = definitions.putObject(shape.name());
            definition.put("type", "object");
            definition.put("description", shape.meaning());
            definition.put("additionalProperties", false);
            ArrayNode required = definition.putArray("required");
            ObjectNode properties = definition.putObject("properties");
            for (Key<?> key : shape.keys()) {
                properties.set(key.name(), property(key));
                if (key.isRequired()) {
                    required.add(key.name());
                }
            }
        }
        return Json.mapper().createObjectNode().put("$ref", "#/$defs/" + shape.name());
    }

    private ObjectNode property(Key<?> key) {
        ObjectNode value = value(key.kind());
        if (key.noneAllowed()) {
            ObjectNode either = Json.mapper().createObjectNode();
            either.putArray("anyOf").add(value).addObject().put("type", "null");
            value = either;
        }
        value.put("description", key.meaning());
        if (!key.now().isEmpty()) {
            value.put("$comment", "Works now: " + String.join(", ", key.now()));
        }
        if (key.defaultText().isPresent()) {
            value.set(
                    "default", Json.mapper().valueToTree(Documents.plain(key.defaultText().get())));
        }
        return value;
    }

    private ObjectNode value(Kind<?> kind) {
        ObjectNode node = Json.mapper().createObjectNode();
        switch (kind) {
            case Singles.PathPattern glob -> node.put("type", "string").put("pattern", "\\S");
            case Singles.Text text -> {
                node.put("type", "string");
                node.put("pattern", text.form() == null ? "\\S" : "^(" + text.form() + ")$");
            }
            case Singles.Whole whole -> {
                node.put("type", "integer");
                node.put("minimum", whole.smallest()).put("maximum", whole.largest());
            }
            case Singles.Tokens tokens -> {
                ObjectNode number = Json.mapper().createObjectNode().put("type", "integer");
                number.put("minimum", tokens.fewest()).put("maximum", tokens.most());
                orWithUnit(node, number, "", "([kMGBT]|[KMG]i)?$");
            }
            case Singles.Real real -> {
                node.put("type", "number");
                node.put(real.aboveSmallest() ? "exclusiveMinimum" : "minimum", real.smallest());
                node.put("maximum", real.largest());
            }
            case Singles.Share share -> {
                ObjectNode number = Json.mapper().createObjectNode().put("type", "number");
                number.put("minimum", share.smallest()).put("maximum", share.largest());
                orWithUnit(node, number, share.smallest() < 0 ? "-?" : "", "%?$");
            }
            case Singles.Time time -> {
                node.put("type", "string").put("pattern", "^" + QUANTITY + "(ms|[smhd])$");
            }
            case Singles.Truth truth -> node.put("type", "boolean");
            case Singles.Choice<?> choice -> {
                ArrayNode words = node.putArray("enum");
                choice.words().forEach(words::add);
            }
            case Kind.Fields fields -> node = reference(fields.shape());
            case Kind.Variants variants -> node.set("oneOf", variants(variants));
            case Kind.Items<?> items -> {
                node.put("type", "array");
                node.put("minItems", items.fewest()).put("maxItems", items.most());
                node.set("items", value(items.item()));
            }
            case Kind.Entries<?> entries -> {
                node.put("type", "object");
                node.put("minProperties", entries.fewest());
                node.putObject("propertyNames").put("pattern", "^(" + entries.names() + ")$");
                node.set("additionalProperties", value(entries.value()));
            }
        }
        return node;
    }

    /// A plain number in bounds, or a number with a unit as text.
    private static void orWithUnit(ObjectNode node, ObjectNode number, String sign, String units) {
        ArrayNode forms = node.putArray("anyOf").add(number);
        forms.addObject().put("type", "string").put("pattern", "^" + sign + QUANTITY + units);
    }

    private ArrayNode variants(Kind.Variants kind) {
        ArrayNode all = Json.mapper().createArrayNode();
        for (Map.Entry<String, Shape> entry : kind.shapes().entrySet()) {
            all.add(reference(entry.getValue()));
            ObjectNode discriminator = Json.mapper().createObjectNode();
            discriminator.put("const", entry.getKey());
            ObjectNode properties =
                    (ObjectNode) definitions.path(entry.getValue().name()).path("properties");
            properties.set(kind.discriminator().name(), discriminator);
        }
        return all;
    }
}
