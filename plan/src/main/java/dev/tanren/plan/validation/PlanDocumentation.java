package dev.tanren.plan.validation;

import dev.tanren.plan.validation.PlanKeys.TopKeys;
import dev.tanren.plan.validation.internal.Key;
import dev.tanren.plan.validation.internal.Kind;
import dev.tanren.plan.validation.internal.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/// The reference of plans in Markdown, from the same table of keys that [PlanReader] reads by.
final class PlanDocumentation {

    private final Map<String, Shape> shapes = new LinkedHashMap<>();

    private PlanDocumentation() {}

    static String markdown() {
        PlanDocumentation documentation = new PlanDocumentation();
        documentation.collect(TopKeys.SHAPE);
        StringBuilder text =
                new StringBuilder(
                        """
                        # Plans: every key

                        <!-- Generated from the table of keys. PlanDocumentationTest says how to regenerate it. -->

                        A plan is YAML or JSON, at most 1 MiB. Unknown keys are errors. Token counts take the units
                        `k`, `M`, `G` (or `B`) and `T` (powers of 1000) and `Ki`, `Mi`, `Gi` (powers of 1024); shares are written
                        `2%` or `0.02`. "Works now" names the values that can be carried out so far; others are
                        refused with TNR-1008. A complete plan: [examples/java-expert.yaml](examples/java-expert.yaml).

                        A run's data, tokenizer and base model are fixed when it is first prepared: what their sources
                        become later changes nothing of it, and new data is a new run ([data.md](data.md)).
                        """);
        documentation.shapes.values().forEach(shape -> table(shape, text));
        return text.toString();
    }

    /// Before what it holds, so that the reader meets the whole first.
    private void collect(Shape shape) {
        if (shapes.putIfAbsent(shape.name(), shape) == null) {
            shape.keys().forEach(key -> collect(key.kind()));
        }
    }

    private void collect(Kind<?> kind) {
        switch (kind) {
            case Kind.Single<?> single -> {}
            case Kind.Fields fields -> collect(fields.shape());
            case Kind.Variants variants -> variants.shapes().values().forEach(this::collect);
            case Kind.Items<?> items -> collect(items.item());
            case Kind.Entries<?> entries -> collect(entries.value());
        }
    }

    private static void table(Shape shape, StringBuilder text) {
        text.append("\n## ").append(shape.name()).append("\n\n").append(shape.meaning());
        text.append("\n\n| key | value | default | meaning |\n|---|---|---|---|\n");
        for (Key<?> key : shape.keys()) {
            text.append("| `").append(key.name()).append("` | ").append(value(key.kind()));
            text.append(" | ").append(standard(key)).append(" | ").append(key.meaning());
            if (!key.now().isEmpty()) {
                text.append(". Works now: `").append(String.join("`, `", key.now())).append('`');
            }
            text.append(" |\n");
        }
    }

    private static String standard(Key<?> key) {
        if (key.isRequired()) {
            return "required";
        }
        return key.defaultText().map(text -> "`" + text + "`").orElse("none");
    }

    private static String value(Kind<?> kind) {
        return switch (kind) {
            case Kind.Single<?> single -> single.expected().replace("<", "&lt;");
            case Kind.Fields fields -> link(fields.shape());
            case Kind.Variants variants ->
                    String.join(
                            " or ",
                            variants.shapes().values().stream()
                                    .map(PlanDocumentation::link)
                                    .toList());
            case Kind.Items<?> items -> "list of: " + value(items.item());
            case Kind.Entries<?> entries -> "mapping from names to: " + value(entries.value());
        };
    }

    private static String link(Shape shape) {
        return "[" + shape.name() + "](#" + shape.name().toLowerCase(java.util.Locale.ROOT) + ")";
    }
}
