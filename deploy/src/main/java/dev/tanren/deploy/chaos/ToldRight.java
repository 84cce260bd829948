package dev.tanren.deploy.chaos;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tanren.plan.json.Json;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// In how many things people were told right, of all that were looked at.
///
/// @param checks of what people were told
public record ToldRight(List<Findings.Check> checks) {

    public static ToldRight of(Collection<ChaosReport> reports) {
        return new ToldRight(
                reports.stream()
                        .flatMap(report -> report.checks().stream())
                        .filter(check -> check.told() != null)
                        .toList());
    }

    private ToldRight only(FaultClass kind) {
        return new ToldRight(checks.stream().filter(check -> check.told() == kind).toList());
    }

    private long right() {
        return checks.stream().filter(Findings.Check::holds).count();
    }

    private String words() {
        return right() + " of " + checks.size();
    }

    /// In all, then for each class that anything was looked at of.
    public String inWords() {
        List<String> classes = new ArrayList<>();
        for (FaultClass kind : FaultClass.values()) {
            if (!only(kind).checks().isEmpty()) {
                classes.add(kind.words() + " " + only(kind).words());
            }
        }
        return "told right: "
                + words()
                + (classes.isEmpty() ? "" : " (" + String.join(", ", classes) + ")");
    }

    public ObjectNode json() {
        ObjectNode root = Json.mapper().createObjectNode();
        root.put("right", right());
        root.put("of", checks.size());
        ObjectNode classes = root.putObject("classes");
        for (FaultClass kind : FaultClass.values()) {
            ToldRight own = only(kind);
            classes.putObject(kind.words()).put("right", own.right()).put("of", own.checks.size());
        }
        return root;
    }
}
