package dev.tanren.activities.dataset.internal;

import java.util.HashSet;
import java.util.Set;

/// A cheap score of a document's quality between 0 and 1, for prose and code alike.
///
/// It is a product of factors, each 1 where the document is as good texts are, after thresholds of
/// Gopher (Rae et al. 2021) and FineWeb (Penedo et al. 2024) that do not depend on a language:
///
/// - length: words / 50, at most 1
/// - word length: 1 where the mean is 3 to 10 characters, falling to 0 at 1 and 30
/// - letters: the fraction of words with a letter / 0.6, at most 1
/// - repetition: 1 - the fraction of characters in lines that occurred before
/// - lines: 1 - the fraction of characters in lines longer than 1,000 characters
/// - variety: 1/2 + 1/2 · the fraction of the first 1,000 words that are new
public final class HeuristicQuality {

    /// Characters of a document too long for memory that its score is of.
    public static final int BEGINNING = 1 << 20;

    private static final int VARIETY_WORDS = 1_000;
    private static final int LONG_LINE = 1_000;

    private HeuristicQuality() {}

    public static double score(String text) {
        return words(text) * lines(text);
    }

    private static double words(String text) {
        Set<String> distinct = new HashSet<>();
        long words = 0;
        long characters = 0;
        long withLetter = 0;
        int start = -1;
        boolean letter = false;
        for (int at = 0; at <= text.length(); at++) {
            boolean space = at == text.length() || text.charAt(at) <= ' ';
            if (!space) {
                start = start < 0 ? at : start;
                letter |= Character.isLetter(text.charAt(at));
            } else if (start >= 0) {
                if (words < VARIETY_WORDS) {
                    distinct.add(text.substring(start, at));
                }
                words++;
                characters += at - start;
                withLetter += letter ? 1 : 0;
                start = -1;
                letter = false;
            }
        }
        if (words == 0) {
            return 0;
        }
        double length = Math.min(1, words / 50.0);
        double letters = Math.min(1, withLetter / (0.6 * words));
        double variety = 0.5 + 0.5 * distinct.size() / Math.min(words, VARIETY_WORDS);
        return length * wordLength((double) characters / words) * letters * variety;
    }

    private static double wordLength(double mean) {
        if (mean < 3) {
            return Math.max(0, (mean - 1) / 2);
        }
        return mean <= 10 ? 1 : Math.max(0, (30 - mean) / 20);
    }

    private static double lines(String text) {
        Set<String> seen = new HashSet<>();
        long characters = 0;
        long repeated = 0;
        long overlong = 0;
        int from = 0;
        while (from < text.length()) {
            int end = text.indexOf('\n', from);
            String line = text.substring(from, end < 0 ? text.length() : end).strip();
            from = end < 0 ? text.length() : end + 1;
            // Braces and blank lines repeat in every good program.
            if (line.length() < 4) {
                continue;
            }
            characters += line.length();
            repeated += seen.add(line) ? 0 : line.length();
            overlong += line.length() > LONG_LINE ? line.length() : 0;
        }
        if (characters == 0) {
            return 0;
        }
        return (1 - (double) repeated / characters) * (1 - (double) overlong / characters);
    }
}
