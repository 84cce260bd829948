package dev.tanren.controlplane.description;

import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;
import org.jspecify.annotations.Nullable;

/// The small schemas that larger ones are made of.
final class Schemas {

    private Schemas() {}

    static Schema of(SchemaType type, @Nullable String format) {
        Schema schema = OASFactory.createSchema().addType(type);
        return format == null ? schema : schema.format(format);
    }

    static Schema text() {
        return of(SchemaType.STRING, null);
    }

    static Schema text(String pattern) {
        return text().pattern(pattern);
    }

    static Schema moment() {
        return of(SchemaType.STRING, "date-time");
    }

    /// One of these words.
    static Schema words(Iterable<String> words) {
        Schema schema = text();
        words.forEach(schema::addEnumeration);
        return schema;
    }

    static Schema array(Schema items) {
        return of(SchemaType.ARRAY, null).items(items);
    }

    /// The same or null; one that may be anything stays as it is.
    static Schema orNull(Schema schema) {
        boolean anything = schema.getType() == null && schema.getRef() == null;
        return anything ? schema : either(schema, of(SchemaType.NULL, null));
    }

    static Schema either(Schema one, Schema other) {
        return OASFactory.createSchema().addAnyOf(one).addAnyOf(other);
    }
}
