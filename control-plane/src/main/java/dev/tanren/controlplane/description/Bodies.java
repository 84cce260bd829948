package dev.tanren.controlplane.description;

import dev.tanren.controlplane.endpoint.Endpoints.Endpoint;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.core.MediaType;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.jspecify.annotations.Nullable;

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

    /// A plan is described by its own schema, `GET /api/v1/schemas/plan`. What is none is taken
    /// too, to say what is wrong with it.
    static void describe(Endpoint endpoint, Operation operation) {
        Consumes consumes = consumes(endpoint.method());
        String name = BY_CALL.get(endpoint.verb() + " " + endpoint.path());
        if (name == null && (consumes == null || !takesOne(endpoint.method()))) {
            operation.setRequestBody(null);
            return;
        }
        Content content = OASFactory.createContent();
        for (String type :
                consumes == null ? new String[] {MediaType.APPLICATION_JSON} : consumes.value()) {
            Schema schema = OASFactory.createSchema();
            if (name != null) {
                schema.setRef(SCHEMAS + name);
            }
            content.addMediaType(type, OASFactory.createMediaType().schema(schema));
        }
        operation.setRequestBody(
                OASFactory.createRequestBody().content(content).required(!"Reason".equals(name)));
    }

    private static @Nullable Consumes consumes(Method method) {
        Consumes own = method.getAnnotation(Consumes.class);
        return own == null ? method.getDeclaringClass().getAnnotation(Consumes.class) : own;
    }

    /// Whether a parameter of the method is the text of a plan.
    private static boolean takesOne(Method method) {
        return Arrays.asList(method.getParameterTypes()).contains(byte[].class);
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
