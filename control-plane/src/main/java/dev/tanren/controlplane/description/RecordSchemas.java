package dev.tanren.controlplane.description;

import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import java.lang.reflect.AnnotatedArrayType;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.AnnotatedTypeVariable;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.jspecify.annotations.Nullable;

/// Schemas of records as Jackson writes them: every field is there, and null only where its type
/// says so. What Jackson writes by rules of its own may be anything here.
final class RecordSchemas {

    private static final String REFERENCE = "#/components/schemas/";

    private static final Map<Class<?>, Schema> SIMPLE = new HashMap<>();

    static {
        for (Class<?> whole : List.of(int.class, Integer.class, short.class, Short.class)) {
            SIMPLE.put(whole, Schemas.of(SchemaType.INTEGER, "int32"));
        }
        for (Class<?> longer : List.of(long.class, Long.class)) {
            SIMPLE.put(longer, Schemas.of(SchemaType.INTEGER, "int64"));
        }
        for (Class<?> real : List.of(double.class, Double.class, float.class, Float.class)) {
            SIMPLE.put(real, Schemas.of(SchemaType.NUMBER, "double"));
        }
        for (Class<?> truth : List.of(boolean.class, Boolean.class)) {
            SIMPLE.put(truth, Schemas.of(SchemaType.BOOLEAN, null));
        }
        SIMPLE.put(String.class, Schemas.of(SchemaType.STRING, null));
        SIMPLE.put(Instant.class, Schemas.of(SchemaType.STRING, "date-time"));
        SIMPLE.put(Duration.class, Schemas.of(SchemaType.STRING, "duration"));
        SIMPLE.put(byte[].class, Schemas.of(SchemaType.STRING, "binary"));
    }

    private final ObjectMapper mapper;
    private final Map<String, Schema> named = new TreeMap<>();

    RecordSchemas(ObjectMapper mapper) {
        this.mapper = mapper;
    }

    /// Those that were asked for and those that they name.
    Map<String, Schema> named() {
        return named;
    }

    /// Of a class without parameters.
    Schema of(Class<?> type) {
        return ofClass(type);
    }

    /// A page of a list.
    ///
    /// @param page the generic record
    Schema of(Class<?> page, Class<?> item) {
        Schema schema = properties(page, Map.of("T", ofClass(item)));
        String name = page.getSimpleName() + name(item);
        named.put(name, schema);
        return OASFactory.createSchema().ref(REFERENCE + name);
    }

    Schema of(AnnotatedType type) {
        return of(type, Map.of());
    }

    private Schema of(AnnotatedType annotated, Map<String, Schema> variables) {
        Schema plain = plain(annotated, variables);
        return annotated.isAnnotationPresent(Nullable.class) ? Schemas.orNull(plain) : plain;
    }

    private Schema plain(AnnotatedType annotated, Map<String, Schema> variables) {
        if (annotated instanceof AnnotatedTypeVariable variable) {
            return variables.getOrDefault(
                    variable.getType().getTypeName(), OASFactory.createSchema());
        }
        if (annotated instanceof AnnotatedParameterizedType generic) {
            return generic(generic, variables);
        }
        if (annotated instanceof AnnotatedArrayType array && annotated.getType() != byte[].class) {
            return Schemas.array(of(array.getAnnotatedGenericComponentType(), variables));
        }
        return annotated.getType() instanceof Class<?> type
                ? ofClass(type)
                : OASFactory.createSchema();
    }

    private Schema generic(AnnotatedParameterizedType generic, Map<String, Schema> variables) {
        Type raw = ((ParameterizedType) generic.getType()).getRawType();
        AnnotatedType[] arguments = generic.getAnnotatedActualTypeArguments();
        if (raw instanceof Class<?> type && Collection.class.isAssignableFrom(type)) {
            return Schemas.array(of(arguments[0], variables));
        }
        if (raw instanceof Class<?> type && Map.class.isAssignableFrom(type)) {
            return OASFactory.createSchema()
                    .addType(SchemaType.OBJECT)
                    .additionalPropertiesSchema(of(arguments[1], variables));
        }
        if (raw instanceof Class<?> type
                && type.isRecord()
                && arguments[0].getType() instanceof Class<?> item) {
            return of(type, item);
        }
        return OASFactory.createSchema();
    }

    private Schema ofClass(Class<?> type) {
        Schema simple = SIMPLE.get(type);
        if (simple != null) {
            return simple;
        }
        if (type.isEnum()) {
            return Schemas.words(
                    Arrays.stream(type.getEnumConstants())
                            .map(constant -> mapper.convertValue(constant, JsonNode.class).asText())
                            .toList());
        }
        if (!type.isRecord() || type.isAnnotationPresent(JsonSerialize.class)) {
            return OASFactory.createSchema();
        }
        String name = name(type);
        if (!named.containsKey(name)) {
            // Known before its fields are, since they may be of the same type.
            named.put(name, OASFactory.createSchema());
            named.put(name, properties(type, Map.of()));
        }
        return OASFactory.createSchema().ref(REFERENCE + name);
    }

    private Schema properties(Class<?> type, Map<String, Schema> variables) {
        BeanDescription bean =
                mapper.getSerializationConfig().introspect(mapper.constructType(type));
        if (bean.findJsonValueAccessor() != null) {
            return of(annotated(bean.findJsonValueAccessor().getMember()), variables);
        }
        Schema schema = OASFactory.createSchema().addType(SchemaType.OBJECT);
        for (BeanPropertyDefinition property : bean.findProperties()) {
            if (property.getAccessor() != null) {
                schema.addProperty(property.getName(), of(property.getAccessor(), variables));
                schema.addRequired(property.getName());
            }
        }
        return schema;
    }

    /// Raw JSON is that of an object, kept as text.
    private Schema of(AnnotatedMember member, Map<String, Schema> variables) {
        AnnotatedType type = annotated(member.getMember());
        if (!member.hasAnnotation(JsonRawValue.class)) {
            return of(type, variables);
        }
        Schema object = OASFactory.createSchema().addType(SchemaType.OBJECT);
        return type.isAnnotationPresent(Nullable.class) ? Schemas.orNull(object) : object;
    }

    private static AnnotatedType annotated(Member member) {
        return switch (member) {
            case Method method -> method.getAnnotatedReturnType();
            case Field field -> field.getAnnotatedType();
            default -> throw new IllegalStateException("no value comes from " + member);
        };
    }

    private static String name(Class<?> type) {
        Class<?> outer = type.getEnclosingClass();
        boolean ofResource = outer == null || outer.getSimpleName().endsWith("Resource");
        return ofResource ? type.getSimpleName() : outer.getSimpleName() + type.getSimpleName();
    }
}
