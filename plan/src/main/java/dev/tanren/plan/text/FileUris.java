package dev.tanren.plan.text;

import dev.tanren.plan.json.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.nodes.AnchorNode;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/// Makes the relative `file:` URIs of a plan absolute without touching anything else of its text,
/// so that comments and order survive.
public final class FileUris {

    private static final String SCHEME = "file:";

    /// An anchor or a tag, which a value may begin with.
    private static final Pattern PROPERTIES = Pattern.compile("\\A(?:[&!]\\S*\\s+)+");

    private FileUris() {}

    /// @param text in YAML or JSON, well-formed
    /// @param file that the addresses are relative to: where the text comes from
    public static String absolute(String text, Path file) {
        List<ScalarNode> uris = new ArrayList<>();
        Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        new Compose(LoadSettings.builder().build())
                .composeString(text)
                .ifPresent(root -> collect(root, seen, uris));
        uris.sort(Comparator.comparingInt(FileUris::start).reversed());
        StringBuilder result = new StringBuilder(text);
        for (ScalarNode uri : uris) {
            int from = text.offsetByCodePoints(0, start(uri));
            int to = text.offsetByCodePoints(0, uri.getEndMark().orElseThrow().getIndex());
            String written = text.substring(from, to);
            result.replace(from, to, replaced(written, absoluteUri(uri.getValue(), file)));
        }
        return result.toString();
    }

    private static int start(ScalarNode node) {
        return node.getStartMark().orElseThrow().getIndex();
    }

    /// A node that aliases share is taken once.
    private static void collect(Node node, Set<Node> seen, List<ScalarNode> uris) {
        if (!seen.add(node)) {
            return;
        }
        switch (node) {
            case ScalarNode scalar -> {
                if (relative(scalar.getValue())) {
                    uris.add(scalar);
                }
            }
            case SequenceNode sequence ->
                    sequence.getValue().forEach(item -> collect(item, seen, uris));
            case MappingNode mapping -> {
                for (NodeTuple entry : mapping.getValue()) {
                    collect(entry.getValueNode(), seen, uris);
                }
            }
            case AnchorNode anchor -> collect(anchor.getRealNode(), seen, uris);
            default -> throw new IllegalStateException("YAML has no other nodes: " + node);
        }
    }

    private static boolean relative(String value) {
        return value.startsWith(SCHEME) && !value.startsWith(SCHEME + "/");
    }

    private static String absoluteUri(String uri, Path file) {
        return SCHEME + file.resolveSibling(uri.substring(SCHEME.length())).normalize();
    }

    /// The value in double quotes, which YAML and JSON read alike, between what stood around it.
    private static String replaced(String written, String uri) {
        Matcher properties = PROPERTIES.matcher(written);
        String before = properties.find() ? properties.group() : "";
        String after = written.substring(written.stripTrailing().length());
        return before + Json.write(uri) + after;
    }
}
