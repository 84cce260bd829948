package dev.tanren.plan.validation.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.text.Printable;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/// Turns text into nodes with marks. JSON is read as the subset of YAML that it is.
///
/// Size, depth and aliases are limited, so that no text costs more than it is worth.
public final class Documents {

    /// Of UTF-8.
    public static final int MOST_BYTES = 1 << 20;

    static final int DEEPEST = 32;
    static final int MOST_ALIASES = 32;

    private static final Pattern INDENT = Pattern.compile("(?m)^[ \t]+");

    private Documents() {}

    // The buffer takes the whole text: the parser trips over a character outside the basic plane
    // that lies across the end of a buffer.
    private static LoadSettings settings(String text) {
        return LoadSettings.builder()
                .setLabel("plan")
                .setMaxAliasesForCollections(MOST_ALIASES)
                .setCodePointLimit(MOST_BYTES)
                .setBufferSize(text.length() + 2)
                .build();
    }

    /// Empty when the text was reported as wrong.
    public static Optional<Node> compose(String text, Problems problems) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MOST_BYTES) {
            report(problems, new Place(1, 1, ""), bytes + " bytes", "at most " + MOST_BYTES);
            return Optional.empty();
        }
        return composeWithin(spaced(text), problems);
    }

    private static Optional<Node> composeWithin(String text, Problems problems) {
        try {
            if (!withinLimits(text, problems)) {
                return Optional.empty();
            }
            Optional<Node> node = new Compose(settings(text)).composeString(text);
            if (node.isEmpty()) {
                report(problems, new Place(1, 1, ""), "an empty document", "a plan");
            }
            return node;
        } catch (MarkedYamlEngineException e) {
            String what = e.getContext() == null ? "" : e.getContext() + ": ";
            problems.report(
                    ErrorCode.PLAN_SYNTAX,
                    place(e.getProblemMark()),
                    Printable.of(what + e.getProblem()),
                    "YAML or JSON",
                    mend(what + e.getProblem()));
        } catch (ReaderException e) {
            String found = String.format(Locale.ROOT, "the character U+%04X", e.getCodePoint());
            report(problems, firstPlace(text, e.getCodePoint()), found, "printable text");
        } catch (YamlEngineException e) {
            report(problems, new Place(1, 1, ""), Shown.of("" + e.getMessage()), "YAML or JSON");
        }
        return Optional.empty();
    }

    /// JSON may be indented by tabs, which YAML does not allow; a line of JSON never begins inside
    /// a string. Columns stay as they are.
    private static String spaced(String text) {
        boolean json = text.stripLeading().startsWith("{");
        return json ? INDENT.matcher(text).replaceAll(m -> " ".repeat(m.group().length())) : text;
    }

    /// Plain Java objects of a default's text, for the JSON Schema.
    public static Object plain(String text) {
        return new Load(settings(text)).loadFromString(text);
    }

    /// The node of a default, whose text is part of this program.
    static Node ofDefault(String text) {
        return new Compose(settings(text)).composeString(text).orElseThrow();
    }

    // Composing is recursive, so depth is measured on the events, which are not.
    private static boolean withinLimits(String text, Problems problems) {
        Iterator<Event> events = new Parse(settings(text)).parseString(text).iterator();
        int depth = 0;
        int aliases = 0;
        int documents = 0;
        while (events.hasNext()) {
            Event event = events.next();
            switch (event.getEventId()) {
                case MappingStart, SequenceStart -> depth++;
                case MappingEnd, SequenceEnd -> depth--;
                case Alias -> aliases++;
                case DocumentStart -> documents++;
                case DocumentEnd, StreamStart, StreamEnd, Scalar, Comment -> {}
            }
            if (depth > DEEPEST || aliases > MOST_ALIASES || documents > 1) {
                report(
                        problems,
                        place(event.getStartMark()),
                        documents > 1
                                ? "a second document"
                                : depth > DEEPEST
                                        ? "nesting deeper than " + DEEPEST
                                        : "more than " + MOST_ALIASES + " aliases",
                        "one plan of ordinary depth");
                return false;
            }
        }
        return true;
    }

    /// What people mostly mean to write where the parser says this.
    private static String mend(String problem) {
        if (problem.contains("(TAB)")) {
            return "Indent with spaces: YAML takes no tabs there.";
        }
        if (problem.contains("',' or ']'") || problem.contains("',' or '}'")) {
            return "Close the bracket that this line or one before it opens, or put a comma between"
                    + " what is in it.";
        }
        if (problem.contains("quoted scalar")) {
            return "End the quotes that are opened here.";
        }
        if (problem.contains("mapping values are not allowed")
                || problem.contains("could not find expected ':'")) {
            return "Write one key and its value on a line, with a space after the colon, and quotes"
                    + " around text that has a colon.";
        }
        return "See the reference of plans in docs/plan.md.";
    }

    private static Place place(Optional<Mark> mark) {
        return new Place(
                mark.map(Mark::getLine).orElse(0) + 1, mark.map(Mark::getColumn).orElse(0) + 1, "");
    }

    private static Place firstPlace(String text, int codePoint) {
        int at = Math.max(0, text.indexOf(codePoint));
        int lineStart = text.lastIndexOf('\n', at - 1) + 1;
        int line = 1 + (int) text.substring(0, lineStart).chars().filter(c -> c == '\n').count();
        return new Place(line, at - lineStart + 1, "");
    }

    private static void report(Problems problems, Place place, String found, String expected) {
        problems.report(
                ErrorCode.PLAN_SYNTAX,
                place,
                Shown.of(found),
                expected,
                "See the reference of plans in docs/plan.md.");
    }
}
