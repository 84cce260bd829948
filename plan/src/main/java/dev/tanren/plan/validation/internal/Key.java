package dev.tanren.plan.validation.internal;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A key of a mapping: its one description, for the reader, the JSON Schema and the documentation.
///
/// Keys are equal when they are the same object.
public final class Key<T> {

    private final String name;
    private final Kind<T> kind;
    private final boolean required;
    private final @Nullable String defaultText;
    private final String meaning;
    private final List<String> now;
    private final boolean noneAllowed;

    private Key(
            String name,
            Kind<T> kind,
            boolean required,
            @Nullable String defaultText,
            String meaning,
            List<String> now,
            boolean noneAllowed) {
        this.name = name;
        this.kind = kind;
        this.required = required;
        this.defaultText = defaultText;
        this.meaning = meaning;
        this.now = now;
        this.noneAllowed = noneAllowed;
    }

    public static <T> Key<T> required(String name, Kind<T> kind, String meaning) {
        return new Key<>(name, kind, true, null, meaning, List.of(), false);
    }

    /// Absent and `null` mean the same.
    public static <T> Key<T> optional(String name, Kind<T> kind, String meaning) {
        return new Key<>(name, kind, false, null, meaning, List.of(), true);
    }

    /// @param defaultText the default as one would write it in a plan
    public static <T> Key<T> withDefault(
            String name, Kind<T> kind, String defaultText, String meaning) {
        return new Key<>(name, kind, false, defaultText, meaning, List.of(), false);
    }

    /// The same key, of whose values only these can be carried out so far.
    public Key<T> now(String... values) {
        return new Key<>(name, kind, required, defaultText, meaning, List.of(values), noneAllowed);
    }

    /// The same key, where `null` switches off what the default would do.
    public Key<T> orNone() {
        return new Key<>(name, kind, required, defaultText, meaning, now, true);
    }

    public String name() {
        return name;
    }

    public Kind<T> kind() {
        return kind;
    }

    public boolean isRequired() {
        return required;
    }

    public Optional<String> defaultText() {
        return Optional.ofNullable(defaultText);
    }

    public String meaning() {
        return meaning;
    }

    /// The values that can be carried out so far; empty when all can.
    public List<String> now() {
        return now;
    }

    public boolean noneAllowed() {
        return noneAllowed;
    }

    @Override
    public String toString() {
        return name;
    }
}
