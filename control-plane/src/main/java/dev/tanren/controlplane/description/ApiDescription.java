package dev.tanren.controlplane.description;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tanren.controlplane.api.EndEvent;
import dev.tanren.controlplane.api.EventView;
import dev.tanren.controlplane.api.MetricsEvent;
import dev.tanren.controlplane.api.Page;
import dev.tanren.controlplane.endpoint.Answer;
import dev.tanren.controlplane.endpoint.Endpoints;
import dev.tanren.controlplane.endpoint.Endpoints.Endpoint;
import dev.tanren.controlplane.endpoint.Refuses;
import dev.tanren.controlplane.problem.ProblemDetails;
import io.quarkus.arc.Arc;
import io.quarkus.smallrye.openapi.OpenApiFilter;
import jakarta.annotation.security.PermitAll;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.eclipse.microprofile.config.ConfigProvider;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.Components;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.PathItem;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.eclipse.microprofile.openapi.models.parameters.Parameter;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;
import org.eclipse.microprofile.openapi.models.responses.APIResponses;
import org.eclipse.microprofile.openapi.models.security.SecurityRequirement;
import org.eclipse.microprofile.openapi.models.security.SecurityScheme;

/// Makes the description true: answers with their statuses, headers and schemas from the methods
/// and their records, the problems that calls are refused with, who may call, and what parameters
/// may be.
@OpenApiFilter(stages = OpenApiFilter.RunStage.RUNTIME_STARTUP)
public class ApiDescription implements OASFilter {

    /// Of every call: what cannot be understood, who asks, how often, and what does not answer.
    private static final List<Integer> OF_ALL = List.of(400, 406, 414, 429, 431, 500, 503);

    @Override
    public void filterOpenAPI(OpenAPI document) {
        RecordSchemas schemas =
                new RecordSchemas(Arc.container().instance(ObjectMapper.class).get());
        schemas.of(ProblemDetails.class);
        for (Endpoint endpoint : Arc.container().instance(Endpoints.class).get().all()) {
            PathItem item = document.getPaths().getPathItem(endpoint.path());
            Operation operation =
                    item == null
                            ? null
                            : item.getOperations()
                                    .get(PathItem.HttpMethod.valueOf(endpoint.verb()));
            if (operation != null) {
                describe(endpoint, operation, schemas);
            }
        }
        Components components = OASFactory.createComponents();
        schemas.named().forEach(components::addSchema);
        Bodies.named().forEach(components::addSchema);
        secure(document, components);
        document.setComponents(components);
    }

    private static void secure(OpenAPI document, Components components) {
        int port = ConfigProvider.getConfig().getValue("quarkus.http.port", Integer.class);
        components.addSecurityScheme(
                "token",
                OASFactory.createSecurityScheme()
                        .type(SecurityScheme.Type.HTTP)
                        .scheme("bearer")
                        .description("A token: Authorization: Bearer tnr_…"));
        components.addSecurityScheme(
                "session",
                OASFactory.createSecurityScheme()
                        .type(SecurityScheme.Type.APIKEY)
                        .in(SecurityScheme.In.COOKIE)
                        .name("tanren_session_" + port)
                        .description(
                                "The console's session. The port is the one that the client called,"
                                        + " and over https the name begins with __Host-. What"
                                        + " changes something needs X-CSRF-Token beside it"));
        document.setSecurity(List.of(requirement("token"), requirement("session")));
    }

    private static SecurityRequirement requirement(String scheme) {
        return OASFactory.createSecurityRequirement().addScheme(scheme);
    }

    private static void describe(Endpoint endpoint, Operation operation, RecordSchemas schemas) {
        Method method = endpoint.method();
        boolean open = method.isAnnotationPresent(PermitAll.class);
        operation.setOperationId(
                method.getDeclaringClass().getSimpleName().replace("Resource", "")
                        + "."
                        + method.getName());
        operation.setSecurity(
                open ? List.of() : List.of(requirement("token"), requirement("session")));
        limitParameters(endpoint.path(), operation);
        Bodies.describe(endpoint, operation);
        APIResponses responses = OASFactory.createAPIResponses();
        good(method, schemas).forEach((status, answer) -> responses.addAPIResponse(status, answer));
        for (int status : refusals(endpoint, operation, open)) {
            responses.addAPIResponse(Integer.toString(status), problem(status));
        }
        operation.setResponses(responses);
    }

    private static void limitParameters(String path, Operation operation) {
        List<Parameter> kept = new ArrayList<>();
        List<Parameter> given = operation.getParameters();
        for (Parameter parameter : given == null ? List.<Parameter>of() : given) {
            // Said by the body's media types.
            if (!parameter.getName().equals("Content-Type")) {
                Schema limited = Limits.of(path, parameter);
                kept.add(limited == null ? parameter : parameter.schema(limited));
            }
        }
        operation.setParameters(kept);
    }

    private static Map<String, APIResponse> good(Method method, RecordSchemas schemas) {
        Map<String, APIResponse> answers = new TreeMap<>();
        for (Answer answer : method.getAnnotationsByType(Answer.class)) {
            APIResponse response =
                    answers.computeIfAbsent(
                            Integer.toString(answer.status()),
                            _ -> OASFactory.createAPIResponse().description(answer.description()));
            for (String header : answer.headers()) {
                response.addHeader(header, OASFactory.createHeader().schema(Schemas.text()));
            }
            Content content =
                    response.getContent() == null
                            ? OASFactory.createContent()
                            : response.getContent();
            if (answer.of() != Void.class) {
                Schema schema =
                        answer.page()
                                ? schemas.of(Page.class, answer.of())
                                : schemas.of(answer.of());
                for (String type : answer.types()) {
                    content.addMediaType(type, OASFactory.createMediaType().schema(schema));
                }
                response.setContent(content);
            }
        }
        if (answers.isEmpty()) {
            answers.putAll(byItsType(method, schemas));
        }
        return answers;
    }

    private static Map<String, APIResponse> byItsType(Method method, RecordSchemas schemas) {
        Produces produces = method.getAnnotation(Produces.class);
        if (produces != null && List.of(produces.value()).contains(MediaType.SERVER_SENT_EVENTS)) {
            return Map.of("200", stream(schemas));
        }
        if (method.getReturnType() == void.class) {
            return Map.of("204", OASFactory.createAPIResponse().description("Done"));
        }
        Content content = OASFactory.createContent();
        Schema schema = schemas.of(method.getAnnotatedReturnType());
        for (String type :
                produces == null ? new String[] {MediaType.APPLICATION_JSON} : produces.value()) {
            content.addMediaType(type, OASFactory.createMediaType().schema(schema));
        }
        return Map.of(
                "200", OASFactory.createAPIResponse().description("As asked for").content(content));
    }

    /// OpenAPI 3.1 has no word for the messages of a stream; tools take the schema for that of
    /// each.
    private static APIResponse stream(RecordSchemas schemas) {
        Schema message =
                OASFactory.createSchema()
                        .description("One message of the stream; `end` is the last")
                        .addOneOf(message("event", schemas.of(EventView.class)))
                        .addOneOf(message("metrics", schemas.of(MetricsEvent.class)))
                        .addOneOf(message("end", schemas.of(EndEvent.class)));
        return OASFactory.createAPIResponse()
                .description("The stream, which ends with the run")
                .content(
                        OASFactory.createContent()
                                .addMediaType(
                                        MediaType.SERVER_SENT_EVENTS,
                                        OASFactory.createMediaType().schema(message)));
    }

    private static Schema message(String name, Schema data) {
        return OASFactory.createSchema()
                .addType(SchemaType.OBJECT)
                .addProperty("id", Schemas.text())
                .addProperty("event", Schemas.text().constValue(name))
                .addProperty(
                        "data",
                        Schemas.text()
                                .contentMediaType(MediaType.APPLICATION_JSON)
                                .contentSchema(data))
                .required(List.of("id", "event", "data"));
    }

    private static Set<Integer> refusals(Endpoint endpoint, Operation operation, boolean open) {
        TreeSet<Integer> statuses = new TreeSet<>(OF_ALL);
        statuses.add(403);
        if (!open || endpoint.verb().equals("POST")) {
            statuses.add(401);
        }
        if (endpoint.path().contains("{")) {
            statuses.add(404);
        }
        if (!endpoint.verb().equals("GET")) {
            statuses.add(413);
            statuses.add(507);
        }
        if (operation.getRequestBody() != null) {
            statuses.add(408);
            statuses.add(415);
        }
        Refuses more = endpoint.method().getAnnotation(Refuses.class);
        if (more != null) {
            for (int status : more.value()) {
                statuses.add(status);
            }
        }
        return statuses;
    }

    private static APIResponse problem(int status) {
        Schema schema = OASFactory.createSchema().ref("#/components/schemas/ProblemDetails");
        Content content =
                OASFactory.createContent()
                        .addMediaType(
                                ProblemDetails.MEDIA_TYPE,
                                OASFactory.createMediaType().schema(schema));
        APIResponse response =
                OASFactory.createAPIResponse()
                        .description("A problem by RFC 9457")
                        .content(content);
        if (status == 429 || status == 503) {
            response.addHeader(
                    "Retry-After",
                    OASFactory.createHeader()
                            .description("Seconds to wait")
                            .schema(Schemas.of(SchemaType.INTEGER, null)));
        }
        if (status == 401) {
            response.addHeader(
                    "WWW-Authenticate", OASFactory.createHeader().schema(Schemas.text()));
        }
        return response;
    }
}
