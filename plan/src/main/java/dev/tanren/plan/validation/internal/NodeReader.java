package dev.tanren.plan.validation.internal;

import dev.tanren.plan.error.ErrorCode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/// Reads nodes of a document by their [Kind], going on after every problem.
public final class NodeReader {

    private final Problems problems;
    private final @Nullable Place fixed;

    public NodeReader(Problems problems) {
        this(problems, null);
    }

    /// @param fixed the place of everything read, for defaults, whose text is not the user's
    private NodeReader(Problems problems, @Nullable Place fixed) {
        this.problems = problems;
        this.fixed = fixed;
    }

    /// Empty when the node was reported as wrong.
    public <T> Optional<Located<T>> read(Kind<T> kind, Node node, String path) {
        return value(kind, node, path).map(value -> new Located<>(value, place(node, path)));
    }

    // Each kind's type parameter is that of the value its own branch makes.
    @SuppressWarnings("unchecked")
    private <T> Optional<T> value(Kind<T> kind, Node node, String path) {
        Optional<?> value =
                switch (kind) {
                    case Kind.Single<T> single -> single(single, node, path);
                    case Kind.Fields fields ->
                            mapping(kind, node, path)
                                    .map(
                                            mapping ->
                                                    section(
                                                            fields.shape(),
                                                            List.of(),
                                                            mapping,
                                                            path));
                    case Kind.Variants variants ->
                            mapping(kind, node, path)
                                    .map(mapping -> variant(variants, mapping, path));
                    case Kind.Items<?> items -> items(items, node, path);
                    case Kind.Entries<?> entries -> entries(entries, node, path);
                };
        return (Optional<T>) value;
    }

    private <T> Optional<T> single(Kind.Single<T> kind, Node node, String path) {
        if (!(node instanceof ScalarNode scalarNode)) {
            wrongType(kind, node, path);
            return Optional.empty();
        }
        Scalar scalar = scalar(scalarNode);
        return switch (kind.parse(scalar)) {
            case Parsed.Good<T> good -> Optional.of(good.value());
            case Parsed.Bad<T> bad -> {
                problems.report(
                        bad.mismatch().code(),
                        place(node, path),
                        scalar.describe(),
                        kind.expected(),
                        bad.mismatch().nearest(),
                        bad.mismatch().mend());
                yield Optional.empty();
            }
        };
    }

    private <E> Optional<List<Located<E>>> items(Kind.Items<E> kind, Node node, String path) {
        if (!(node instanceof SequenceNode sequence)) {
            wrongType(kind, node, path);
            return Optional.empty();
        }
        List<Node> nodes = sequence.getValue();
        boolean sized = nodes.size() >= kind.fewest() && nodes.size() <= kind.most();
        if (!sized) {
            wrongSize(kind, nodes.size(), node, path);
        }
        List<Located<E>> items = new ArrayList<>();
        for (int i = 0; i < nodes.size(); i++) {
            read(kind.item(), nodes.get(i), path + "[" + i + "]").ifPresent(items::add);
        }
        return sized ? Optional.of(items) : Optional.empty();
    }

    private <E> Optional<Map<String, Located<E>>> entries(
            Kind.Entries<E> kind, Node node, String path) {
        Optional<MappingNode> mapping = mapping(kind, node, path);
        if (mapping.isEmpty()) {
            return Optional.empty();
        }
        Map<String, Located<E>> entries = new LinkedHashMap<>();
        Set<String> seen = new LinkedHashSet<>();
        for (NodeTuple tuple : mapping.get().getValue()) {
            Optional<String> name = name(tuple.getKeyNode(), path, seen);
            if (name.isEmpty()) {
                continue;
            }
            String memberPath = Place.member(path, name.get());
            if (!kind.names().matcher(name.get()).matches()) {
                problems.report(
                        ErrorCode.PLAN_VALUE,
                        place(tuple.getKeyNode(), memberPath),
                        Shown.of(name.get()),
                        kind.naming(),
                        "Choose another name.");
            }
            read(kind.value(), tuple.getValueNode(), memberPath)
                    .ifPresent(value -> entries.put(name.get(), value));
        }
        if (mapping.get().getValue().size() < kind.fewest()) {
            wrongSize(kind, 0, node, path);
            return Optional.empty();
        }
        return Optional.of(entries);
    }

    private Section variant(Kind.Variants kind, MappingNode node, String path) {
        for (NodeTuple tuple : node.getValue()) {
            if (tuple.getKeyNode() instanceof ScalarNode key
                    && key.getValue().equals(kind.discriminator().name())
                    && tuple.getValueNode() instanceof ScalarNode value
                    && kind.shapes().containsKey(value.getValue())) {
                List<Shape> others = List.copyOf(kind.shapes().values());
                return section(kind.shapes().get(value.getValue()), others, node, path);
            }
        }
        List<Shape> any = List.copyOf(kind.shapes().values());
        return section(kind.common().opened(), any, node, path);
    }

    private Section section(Shape shape, List<Shape> others, MappingNode node, String path) {
        Section section = new Section(shape, place(node, path));
        Set<String> seen = new LinkedHashSet<>();
        Set<String> meant = new LinkedHashSet<>();
        for (NodeTuple tuple : node.getValue()) {
            Optional<String> name = name(tuple.getKeyNode(), path, seen);
            if (name.isEmpty()) {
                continue;
            }
            Optional<Key<?>> key = shape.key(name.get());
            if (key.isPresent()) {
                field(key.get(), tuple, section, Place.member(path, name.get()));
            } else if (!shape.open()) {
                meant.add(unknown(name.get(), tuple.getKeyNode(), shape, others, path));
            } else if (others.stream().noneMatch(other -> other.key(name.get()).isPresent())) {
                unknownToAll(name.get(), tuple.getKeyNode(), others, path);
            }
        }
        for (Key<?> key : shape.keys()) {
            if (!section.gives(key)) {
                absent(key, section, meant.contains(key.name()));
            }
        }
        return section;
    }

    private <T> void field(Key<T> key, NodeTuple tuple, Section section, String path) {
        Node node = tuple.getValueNode();
        section.give(key, place(tuple.getKeyNode(), path));
        boolean none = node instanceof ScalarNode scalar && scalar(scalar).isNothing();
        if (none && key.noneAllowed()) {
            return;
        }
        read(key.kind(), node, path)
                .ifPresent(
                        value -> {
                            section.put(key, value);
                            refuseLater(key, node, value.place());
                        });
    }

    private void refuseLater(Key<?> key, Node node, Place place) {
        if (!key.now().isEmpty()
                && node instanceof ScalarNode scalar
                && !key.now().contains(scalar.getValue())) {
            problems.report(
                    ErrorCode.PLAN_NOT_YET_SUPPORTED,
                    place,
                    Shown.of(scalar.getValue()) + ", which is not implemented yet",
                    String.join(" or ", key.now()),
                    "Use what works now: " + String.join(", ", key.now()) + ".");
        }
    }

    /// @param misspelt whether an unknown key, already reported, most likely stands for this one
    private <T> void absent(Key<T> key, Section section, boolean misspelt) {
        String path = Place.member(section.place().path(), key.name());
        if (key.isRequired() && !misspelt) {
            problems.report(
                    ErrorCode.PLAN_MISSING_KEY,
                    section.place().withPath(path),
                    "nothing",
                    key.kind().expected(),
                    "Add " + key.name() + ": " + key.meaning());
        }
        key.defaultText()
                .flatMap(
                        text ->
                                new NodeReader(problems, section.place().withPath(path))
                                        .read(key.kind(), Documents.ofDefault(text), path))
                .ifPresent(value -> section.put(key, value));
    }

    /// Reports the key, and returns the name that was most likely meant; empty when none is near.
    private String unknown(String name, Node node, Shape shape, List<Shape> others, String path) {
        List<String> elsewhere =
                others.stream()
                        .filter(other -> other.key(name).isPresent())
                        .map(Shape::name)
                        .toList();
        String nearest = elsewhere.isEmpty() ? Nearest.of(name, shape.names()) : null;
        problems.report(
                ErrorCode.PLAN_UNKNOWN_KEY,
                place(node, Place.member(path, name)),
                "the unknown key " + Shown.of(name),
                "one of " + shape.listing(),
                nearest,
                elsewhere.isEmpty()
                        ? "Take it out or correct its name."
                        : "Take it out: it belongs to " + String.join(", ", elsewhere) + ".");
        return nearest == null ? "" : nearest;
    }

    /// Reports a key that no variant has, where it is not known which variant was meant: the key
    /// may be the misspelt one that tells.
    private void unknownToAll(String name, Node node, List<Shape> variants, String path) {
        Set<String> names = new LinkedHashSet<>();
        variants.forEach(variant -> names.addAll(variant.names()));
        problems.report(
                ErrorCode.PLAN_UNKNOWN_KEY,
                place(node, Place.member(path, name)),
                "the unknown key " + Shown.of(name),
                "one of " + String.join(", ", names),
                Nearest.of(name, names),
                "Take it out or correct its name.");
    }

    private Optional<String> name(Node node, String path, Set<String> seen) {
        if (!(node instanceof ScalarNode scalar)) {
            problems.report(
                    ErrorCode.PLAN_WRONG_TYPE,
                    place(node, path),
                    describe(node) + " as a key",
                    "a name",
                    "Keys are plain words.");
            return Optional.empty();
        }
        if (!seen.add(scalar.getValue())) {
            problems.report(
                    ErrorCode.PLAN_DUPLICATE,
                    place(node, Place.member(path, scalar.getValue())),
                    "the key " + Shown.of(scalar.getValue()) + " a second time",
                    "each key once",
                    "Keep one of them.");
            return Optional.empty();
        }
        return Optional.of(scalar.getValue());
    }

    private Optional<MappingNode> mapping(Kind<?> kind, Node node, String path) {
        if (node instanceof MappingNode mapping) {
            return Optional.of(mapping);
        }
        wrongType(kind, node, path);
        return Optional.empty();
    }

    private void wrongType(Kind<?> kind, Node node, String path) {
        problems.report(
                ErrorCode.PLAN_WRONG_TYPE,
                place(node, path),
                describe(node),
                kind.expected(),
                "Write " + kind.expected() + ".");
    }

    private void wrongSize(Kind<?> kind, int size, Node node, String path) {
        problems.report(
                ErrorCode.PLAN_VALUE,
                place(node, path),
                size == 0 ? "none" : size + " entries",
                kind.expected(),
                "Write " + kind.expected() + ".");
    }

    private static Scalar scalar(ScalarNode node) {
        return new Scalar(node.getValue(), node.getScalarStyle() == ScalarStyle.PLAIN);
    }

    private static String describe(Node node) {
        return switch (node) {
            case MappingNode mapping -> "a mapping";
            case SequenceNode sequence -> "a list";
            case ScalarNode scalar -> scalar(scalar).describe();
            default -> "an alias";
        };
    }

    private Place place(Node node, String path) {
        if (fixed != null) {
            return fixed.withPath(path);
        }
        Optional<Mark> mark = node.getStartMark();
        return new Place(
                mark.map(Mark::getLine).orElse(0) + 1,
                mark.map(Mark::getColumn).orElse(0) + 1,
                path);
    }
}
