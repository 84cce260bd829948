package dev.tanren.plan.validation.internal;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The keys of a mapping.
///
/// @param name of the shape in the JSON Schema and the documentation
/// @param open whether keys that are not listed are passed over in silence
public record Shape(String name, String meaning, List<Key<?>> keys, boolean open) {

    public Shape {
        keys = List.copyOf(keys);
    }

    public static Shape of(String name, String meaning, Key<?>... keys) {
        return new Shape(name, meaning, Arrays.asList(keys), false);
    }

    /// The same keys and more.
    public Shape and(String otherName, String otherMeaning, Key<?>... more) {
        return new Shape(
                otherName,
                otherMeaning,
                Stream.concat(keys.stream(), Arrays.stream(more)).toList(),
                open);
    }

    public Shape opened() {
        return new Shape(name, meaning, keys, true);
    }

    public List<String> names() {
        return keys.stream().<String>map(Key::name).toList();
    }

    Optional<Key<?>> key(String wanted) {
        return keys.stream().filter(key -> key.name().equals(wanted)).findFirst();
    }

    String listing() {
        return names().stream().collect(Collectors.joining(", "));
    }
}
