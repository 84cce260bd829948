package dev.tanren.plan.validation;

import dev.tanren.plan.Plan;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.text.NotUtf8Exception;
import dev.tanren.plan.text.Utf8;
import dev.tanren.plan.validation.PlanKeys.ModelKeys;
import dev.tanren.plan.validation.PlanKeys.TopKeys;
import dev.tanren.plan.validation.internal.Documents;
import dev.tanren.plan.validation.internal.Kind;
import dev.tanren.plan.validation.internal.NodeReader;
import dev.tanren.plan.validation.internal.Place;
import dev.tanren.plan.validation.internal.Problems;
import dev.tanren.plan.validation.internal.Section;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// Reads a plan from YAML or JSON.
///
/// One reading reports every problem: of syntax (then alone), of keys, types, values, references
/// and consistency, and what cannot be carried out yet. Nothing is ignored. The text is at most 1
/// MiB of UTF-8; nesting and aliases are limited.
public final class PlanReader {

    private static final Pattern AHEAD =
            Pattern.compile("stages\\[\\d+]\\.(precision|activations|parallelism\\..+)");

    private PlanReader() {}

    /// Never throws, whatever the text.
    public static PlanReading read(String text) {
        return read(text, ModelCheck.NONE);
    }

    /// The same, with a look at the model: what it finds stands where the plan names the model.
    public static PlanReading read(String text, ModelCheck model) {
        return read(text, problem -> false, model);
    }

    /// The same of bytes, which must be UTF-8.
    public static PlanReading read(byte[] utf8) {
        return decoded(utf8, PlanReader::read);
    }

    /// The same of bytes, which must be UTF-8, as [#readAhead(String)].
    public static PlanReading readAhead(byte[] utf8) {
        return decoded(utf8, PlanReader::readAhead);
    }

    private static PlanReading decoded(byte[] utf8, Function<String, PlanReading> read) {
        try {
            return read.apply(Utf8.document(utf8));
        } catch (NotUtf8Exception e) {
            return new PlanReading.Invalid(
                    List.of(
                            new Problem(
                                    ErrorCode.PLAN_SYNTAX,
                                    e.line(),
                                    e.column(),
                                    "",
                                    "text that is not UTF-8: " + e.what(),
                                    "UTF-8",
                                    null,
                                    e.mend())));
        }
    }

    /// The same, but settings of precision, recomputation and parallelism that the trainer cannot
    /// carry out yet are advice, not mistakes: for looking at what they would come to. Such a plan
    /// must not be run.
    public static PlanReading readAhead(String text) {
        return readAhead(text, ModelCheck.NONE);
    }

    /// The same, with a look at the model.
    public static PlanReading readAhead(String text, ModelCheck model) {
        return read(text, PlanReader::aheadOfTheTrainer, model);
    }

    private static PlanReading read(String text, Predicate<Problem> harmless, ModelCheck model) {
        Problems problems = new Problems();
        Optional<Section> plan =
                Documents.compose(text, problems)
                        .flatMap(
                                node ->
                                        new NodeReader(problems)
                                                .read(new Kind.Fields(TopKeys.SHAPE), node, ""))
                        .map(located -> located.value());
        plan.ifPresent(section -> new PlanRules(section, problems).check());
        if (!mistakes(problems, harmless).isEmpty()) {
            return new PlanReading.Invalid(mistakes(problems, harmless));
        }
        Plan built = PlanBuilder.build(plan.orElseThrow());
        look(model, built, plan.orElseThrow(), problems);
        if (!mistakes(problems, harmless).isEmpty()) {
            return new PlanReading.Invalid(mistakes(problems, harmless));
        }
        List<Problem> warnings = new ArrayList<>(problems.advice());
        problems.found().stream().filter(harmless).forEach(warnings::add);
        return new PlanReading.Valid(built, warnings);
    }

    private static List<Problem> mistakes(Problems problems, Predicate<Problem> harmless) {
        return problems.found().stream().filter(harmless.negate()).toList();
    }

    private static void look(ModelCheck check, Plan plan, Section section, Problems problems) {
        Section model = section.get(TopKeys.MODEL);
        Place place =
                model.gives(ModelKeys.BASE)
                        ? model.placeOf(ModelKeys.BASE)
                        : model.placeOf(ModelKeys.TOKENIZER);
        try {
            for (ModelAdvice advice : check.check(plan)) {
                problems.advise(place, advice.found(), advice.expected(), advice.mend());
            }
        } catch (TanrenException e) {
            problems.report(
                    e.code(),
                    place,
                    e.where() + ": " + e.what().replaceFirst("[.]$", ""),
                    "a model that can be trained",
                    e.mend());
        }
    }

    private static boolean aheadOfTheTrainer(Problem problem) {
        return problem.code() == ErrorCode.PLAN_NOT_YET_SUPPORTED
                && AHEAD.matcher(problem.path()).matches();
    }
}
