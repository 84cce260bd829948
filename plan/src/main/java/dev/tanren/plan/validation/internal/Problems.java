package dev.tanren.plan.validation.internal;

import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.validation.Problem;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Collects what is wrong with one document.
public final class Problems {

    /// More would help nobody; a document of a mebibyte could hold a hundred thousand.
    private static final int MOST = 200;

    private final List<Problem> found = new ArrayList<>();
    private final List<Problem> advice = new ArrayList<>();

    public void report(
            ErrorCode code,
            Place place,
            String found,
            String expected,
            @Nullable String nearest,
            String mend) {
        if (this.found.size() < MOST) {
            this.found.add(problem(code, place, found, expected, nearest, mend));
        }
    }

    public void report(ErrorCode code, Place place, String found, String expected, String mend) {
        report(code, place, found, expected, null, mend);
    }

    /// Something that is allowed and seldom meant.
    public void advise(Place place, String found, String expected, String mend) {
        advice.add(problem(ErrorCode.PLAN_ADVICE, place, found, expected, null, mend));
    }

    /// Whether something at this path or below it was reported.
    public boolean touch(String path) {
        return found.stream().anyMatch(problem -> problem.path().startsWith(path));
    }

    /// In the order of the text.
    public List<Problem> found() {
        return found.stream()
                .sorted(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column))
                .toList();
    }

    public List<Problem> advice() {
        return List.copyOf(advice);
    }

    private static Problem problem(
            ErrorCode code,
            Place place,
            String found,
            String expected,
            @Nullable String nearest,
            String mend) {
        return new Problem(
                code, place.line(), place.column(), place.path(), found, expected, nearest, mend);
    }
}
