package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.spec.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// What one experiment has found: checks that held or not, and what a person was told.
public final class Findings {

    private final Consumer<String> say;
    private final List<Check> checks = new ArrayList<>();
    private final List<Told> told = new ArrayList<>();

    /// @param say shows each finding as it is made
    Findings(Consumer<String> say) {
        this.say = say;
    }

    /// @param seen what was found, for people
    public record Check(String what, boolean holds, String seen) {}

    /// @param where the command or page that says so
    /// @param when what was going on
    public record Told(String when, String where, String words) {}

    void check(String what, boolean holds, Object seen) {
        checks.add(new Check(what, holds, String.valueOf(seen)));
        say.accept((holds ? "  ✓ " : "  ✗ ") + what + ": " + seen);
    }

    void told(String when, String where, String words) {
        told.add(new Told(when, where, words));
        say.accept("  told " + when + ", " + where + ": " + words);
    }

    /// Whether a person was told all of these words, in whatever case, at one place.
    void checkTold(String what, String... words) {
        boolean found =
                told.stream()
                        .anyMatch(
                                entry ->
                                        List.of(words).stream()
                                                .allMatch(word -> contains(entry.words(), word)));
        check("a person was told " + what, found, found ? "yes" : "none says " + List.of(words));
    }

    private static boolean contains(String text, String word) {
        return text.toLowerCase(java.util.Locale.ROOT)
                .contains(word.toLowerCase(java.util.Locale.ROOT));
    }

    public boolean hold() {
        return !checks.isEmpty() && checks.stream().allMatch(Check::holds);
    }

    public List<Check> checks() {
        return List.copyOf(checks);
    }

    JsonNode json(Experiment experiment, long seed, double seconds) {
        ObjectNode root = Json.mapper().createObjectNode();
        root.put("number", experiment.number());
        root.put("fault", experiment.fault());
        root.put("passesWhen", experiment.passesWhen());
        root.put("seed", seed);
        root.put("seconds", seconds);
        root.put("holds", hold());
        ArrayNode made = root.putArray("checks");
        checks.forEach(check -> made.add(Json.mapper().<JsonNode>valueToTree(check)));
        ArrayNode words = root.putArray("told");
        told.forEach(entry -> words.add(Json.mapper().<JsonNode>valueToTree(entry)));
        return root;
    }
}
