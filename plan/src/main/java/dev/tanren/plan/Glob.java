package dev.tanren.plan;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// A pattern over paths below a folder, in which a double asterisk stands for any number of
/// folders, none included. `*` and `?` stand for characters of one name, `[a-z]` for one of a set,
/// `{a,b}` for alternatives, and `\` takes what follows as it is.
public final class Glob {

    private static final String ANY_FOLDERS = "**/";

    private final List<PathMatcher> matchers;

    /// @throws java.util.regex.PatternSyntaxException where it is no pattern
    public Glob(String pattern) {
        Set<String> variants = new LinkedHashSet<>();
        expand("", pattern, variants);
        this.matchers =
                variants.stream()
                        .map(variant -> FileSystems.getDefault().getPathMatcher("glob:" + variant))
                        .toList();
    }

    /// Java's `**/` wants at least one folder, so each is also left out once.
    private static void expand(String before, String rest, Set<String> variants) {
        int at = rest.indexOf(ANY_FOLDERS);
        if (at < 0 || variants.size() > 64) {
            variants.add(before + rest);
            return;
        }
        String head = before + rest.substring(0, at);
        String tail = rest.substring(at + ANY_FOLDERS.length());
        expand(head + ANY_FOLDERS, tail, variants);
        expand(head, tail, variants);
    }

    public boolean matches(Path relative) {
        return matchers.stream().anyMatch(matcher -> matcher.matches(relative));
    }
}
