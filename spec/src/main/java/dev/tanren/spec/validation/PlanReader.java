package dev.tanren.spec.validation;

import dev.tanren.spec.plan.Plan;
import dev.tanren.spec.validation.PlanKeys.TopKeys;
import dev.tanren.spec.validation.internal.Documents;
import dev.tanren.spec.validation.internal.Kind;
import dev.tanren.spec.validation.internal.NodeReader;
import dev.tanren.spec.validation.internal.Problems;
import dev.tanren.spec.validation.internal.Section;
import java.util.Optional;

/// Reads a plan from YAML or JSON.
///
/// One reading reports every problem: of syntax (then alone), of keys, types, values, references
/// and consistency, and what cannot be carried out yet. Nothing is ignored. The text is at most
/// 1 MiB of UTF-8; nesting and aliases are limited.
public final class PlanReader {

    private PlanReader() {}

    /// Never throws, whatever the text.
    public static PlanReading read(String text) {
        Problems problems = new Problems();
        Optional<Section> plan =
                Documents.compose(text, problems)
                        .flatMap(
                                node ->
                                        new NodeReader(problems)
                                                .read(new Kind.Fields(TopKeys.SHAPE), node, ""))
                        .map(located -> located.value());
        plan.ifPresent(section -> new PlanRules(section, problems).check());
        if (!problems.found().isEmpty()) {
            return new PlanReading.Invalid(problems.found());
        }
        Plan result = PlanBuilder.build(plan.orElseThrow());
        return new PlanReading.Valid(result, problems.advice());
    }
}
