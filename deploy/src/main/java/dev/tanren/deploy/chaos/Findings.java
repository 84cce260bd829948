package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.json.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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
    /// @param told the class of a fault, where the check is of what a person was told of it
    public record Check(String what, boolean holds, String seen, @Nullable FaultClass told) {}

    /// @param where the command or page that says so
    /// @param when what was going on
    public record Told(String when, String where, String words) {}

    void check(String what, boolean holds, Object seen) {
        add(new Check(what, holds, String.valueOf(seen), null));
    }

    /// Whether a person was told right in one thing.
    void told(FaultClass kind, String what, boolean holds, Object seen) {
        add(new Check("told " + what, holds, String.valueOf(seen), kind));
    }

    private void add(Check check) {
        checks.add(check);
        say.accept((check.holds() ? "  ✓ " : "  ✗ ") + check.what() + ": " + check.seen());
    }

    void told(String when, String where, String words) {
        told.add(new Told(when, where, words));
        say.accept("  told " + when + ", " + where + ": " + words);
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
