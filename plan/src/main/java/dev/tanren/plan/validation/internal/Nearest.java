package dev.tanren.plan.validation.internal;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Finds the known name that a mistyped one most likely stands for.
public final class Nearest {

    private static final int LONGEST = 64;

    private Nearest() {}

    /// The nearest by edit distance (insert, delete, replace, swap of neighbours), ignoring case,
    /// `_` and `-`; null when none is within a third of the name's length, or two edits.
    public static @Nullable String of(String name, Collection<String> known) {
        if (name.length() > LONGEST) {
            return null;
        }
        String wanted = normal(name);
        int limit = Math.max(2, wanted.length() / 3);
        String best = null;
        for (String candidate : known) {
            int distance = distance(wanted, normal(candidate));
            if (distance <= limit && distance < wanted.length()) {
                limit = distance - 1;
                best = candidate;
            }
        }
        return best;
    }

    private static String normal(String name) {
        return name.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
    }

    /// The optimal string alignment distance.
    static int distance(String a, String b) {
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                cost[i][j] = i == 0 || j == 0 ? i + j : cheapest(cost, a, b, i, j);
            }
        }
        return cost[a.length()][b.length()];
    }

    private static int cheapest(int[][] cost, String a, String b, int i, int j) {
        int replace = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int best =
                Math.min(
                        cost[i - 1][j - 1] + replace, 1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
        boolean swapped =
                i > 1
                        && j > 1
                        && a.charAt(i - 1) == b.charAt(j - 2)
                        && a.charAt(i - 2) == b.charAt(j - 1);
        return swapped ? Math.min(best, cost[i - 2][j - 2] + 1) : best;
    }
}
