package dev.tanren.plan.validation.internal;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// A mapping as it was read: what is valid in it, with defaults in place.
public final class Section {

    private final Shape shape;
    private final Place place;
    private final Map<Key<?>, Located<?>> values = new HashMap<>();
    private final Map<Key<?>, Place> given = new HashMap<>();

    Section(Shape shape, Place place) {
        this.shape = shape;
        this.place = place;
    }

    <T> void put(Key<T> key, Located<T> value) {
        values.put(key, value);
    }

    void give(Key<?> key, Place where) {
        given.put(key, where);
    }

    public Shape shape() {
        return shape;
    }

    public Place place() {
        return place;
    }

    /// Whether the text holds the key, be its value valid or not.
    public boolean gives(Key<?> key) {
        return given.containsKey(key);
    }

    /// Where the key stands, or the mapping where it does not.
    public Place placeOf(Key<?> key) {
        return given.getOrDefault(key, place.withPath(Place.member(place.path(), key.name())));
    }

    /// The value or the default; empty when it is absent without one, or was reported as wrong.
    public <T> Optional<T> find(Key<T> key) {
        return locate(key).map(Located::value);
    }

    // A value is only ever put under a key of its own type.
    @SuppressWarnings("unchecked")
    public <T> Optional<Located<T>> locate(Key<T> key) {
        return Optional.ofNullable((Located<T>) values.get(key));
    }

    /// For a document without problems.
    public <T> T get(Key<T> key) {
        return find(key).orElseThrow(() -> new IllegalStateException("no " + key + " in " + place));
    }
}
