package dev.tanren.controlplane.description;

import dev.tanren.controlplane.endpoint.Endpoints.Endpoint;
import java.util.Map;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;

/// What calls take as their body. Objects with other keys are refused.
final class Bodies {

    private static final String SCHEMAS = "#/components/schemas/";

    private static final Map<String, String> BY_CALL =
            Map.of(
                    "POST /api/v1/tokens", "NewToken",
                    "POST /console/session", "SignIn",
                    "POST /api/v1/runs/{id}/{action}", "Reason");

    private Bodies() {}

    static Map<String, Schema> named() {
        Schema role = text();
        for (String word : new String[] {"viewer", "operator", "approver", "admin"}) {
            role.addEnumeration(word);
        }
        return Map.of(
                "NewToken",
                closed().addProperty("name", text().pattern("^[a-zA-Z0-9_.@-]{1,63}$"))
                        .addProperty("role", role)
                        .addProperty("expiresAt", orNull(text().format("date-time")))
                        .addRequired("name")
                        .addRequired("role"),
                "SignIn",
                closed().addProperty("token", text()).addRequired("token"),
                "Reason",
                closed().addProperty("reason", orNull(text().maxLength(1_000))));
    }

    /// A plan is described by its own schema, `GET /api/v1/schemas/plan`.
    static void describe(Endpoint endpoint, Operation operation) {
        if (operation.getRequestBody() == null) {
            return;
        }
        String name = BY_CALL.get(endpoint.verb() + " " + endpoint.path());
        Content content = operation.getRequestBody().getContent();
        if (content == null) {
            return;
        }
        content.getMediaTypes()
                .forEach(
                        (type, media) ->
                                media.setSchema(
                                        name == null
                                                ? plan(type)
                                                : OASFactory.createSchema().ref(SCHEMAS + name)));
        operation.getRequestBody().setRequired(!"Reason".equals(name));
    }

    private static Schema plan(String mediaType) {
        return mediaType.equals("application/json")
                ? OASFactory.createSchema().addType(SchemaType.OBJECT)
                : text();
    }

    private static Schema closed() {
        return OASFactory.createSchema()
                .addType(SchemaType.OBJECT)
                .additionalPropertiesSchema(OASFactory.createSchema().booleanSchema(false));
    }

    private static Schema orNull(Schema schema) {
        return OASFactory.createSchema()
                .addAnyOf(schema)
                .addAnyOf(OASFactory.createSchema().addType(SchemaType.NULL));
    }

    private static Schema text() {
        return OASFactory.createSchema().addType(SchemaType.STRING);
    }
}
