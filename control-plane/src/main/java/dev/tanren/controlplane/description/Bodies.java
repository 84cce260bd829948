package dev.tanren.controlplane.description;

import dev.tanren.controlplane.endpoint.Endpoints.Endpoint;
import dev.tanren.controlplane.run.Reason;
import dev.tanren.controlplane.security.SessionResource.SignIn;
import dev.tanren.controlplane.security.TokensResource.NewToken;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.core.MediaType;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.jspecify.annotations.Nullable;

/// What calls take as their body. Objects with other keys are refused.
final class Bodies {

    private static final String SCHEMAS = "#/components/schemas/";

    private Bodies() {}

    /// By the simple name of the record that a call takes.
    static Map<String, Schema> named() {
        Schema role = Schemas.words(List.of("viewer", "operator", "approver", "admin"));
        return Map.of(
                NewToken.class.getSimpleName(),
                closed().addProperty("name", Schemas.text("^[a-zA-Z0-9_.@-]{1,63}$"))
                        .addProperty("role", role)
                        .addProperty("expiresAt", Schemas.orNull(Schemas.moment()))
                        .addRequired("name")
                        .addRequired("role"),
                SignIn.class.getSimpleName(),
                closed().addProperty("token", Schemas.text(Limits.TEXT)).addRequired("token"),
                Reason.class.getSimpleName(),
                closed().addProperty(
                                "reason",
                                Schemas.orNull(Schemas.text(Limits.TEXT).maxLength(1_000))));
    }

    /// A plan is described by its own schema, `GET /api/v1/schemas/plan`. What is none is taken
    /// too, to say what is wrong with it.
    static void describe(Endpoint endpoint, Operation operation) {
        Method method = endpoint.method();
        RequestBody declared = method.getAnnotation(RequestBody.class);
        Class<?> type = declared == null ? parameter(method) : implementation(declared);
        if (type == null) {
            operation.setRequestBody(null);
            return;
        }
        Schema schema = OASFactory.createSchema();
        if (named().containsKey(type.getSimpleName())) {
            schema.setRef(SCHEMAS + type.getSimpleName());
        }
        Content content = OASFactory.createContent();
        for (String mediaType : mediaTypes(method)) {
            content.addMediaType(mediaType, OASFactory.createMediaType().schema(schema));
        }
        operation.setRequestBody(
                OASFactory.createRequestBody()
                        .content(content)
                        .required(declared == null || declared.required()));
    }

    private static Class<?> implementation(RequestBody declared) {
        return declared.content()[0].schema().implementation();
    }

    /// That which is read from the body: a record of ours, or the text of a plan as bytes.
    private static @Nullable Class<?> parameter(Method method) {
        return Arrays.stream(method.getParameterTypes())
                .filter(type -> type.isRecord() || type == byte[].class)
                .findFirst()
                .orElse(null);
    }

    private static String[] mediaTypes(Method method) {
        Consumes own = method.getAnnotation(Consumes.class);
        Consumes found =
                own == null ? method.getDeclaringClass().getAnnotation(Consumes.class) : own;
        return found == null ? new String[] {MediaType.APPLICATION_JSON} : found.value();
    }

    private static Schema closed() {
        return OASFactory.createSchema()
                .addType(SchemaType.OBJECT)
                .additionalPropertiesSchema(OASFactory.createSchema().booleanSchema(false));
    }
}
