package dev.tanren.deploy.corpus.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The English prose of documentation comments: paragraphs of sentences without tags, examples and
/// lists of parameters.
public final class Prose {

    private static final Pattern STAR = Pattern.compile("(?m)^[ \\t]*\\*?[ \\t]?");
    private static final Pattern BLOCK_TAGS =
            Pattern.compile(
                    "(?ms)^\\s*@(param|throws|exception|see|since|author|version|serial\\w*|deprecated|link|apiNote|implNote|implSpec|return)\\b.*");
    private static final Pattern EXAMPLES =
            Pattern.compile(
                    "(?is)<(pre|table|code class|caption|script)\\b.*?</(pre|table|code|caption|script)>");
    private static final Pattern LINK =
            Pattern.compile("\\{@link(?:plain)?\\s+([^\\s}]+)(?:\\s+([^}]*))?}");
    private static final Pattern INLINE =
            Pattern.compile("\\{@(?:code|literal|value)\\s*([^{}]*)}");
    private static final Pattern OTHER_INLINE = Pattern.compile("\\{@[^{}]*}");
    private static final Pattern BREAKS =
            Pattern.compile(
                    "(?i)</?(p|li|ul|ol|dl|dd|dt|div|h[1-6]|tr|td|th|blockquote|br|hr)\\b[^>]*>");
    private static final Pattern TAGS = Pattern.compile("(?s)</?[A-Za-z][^>]*>|<!--.*?-->");
    private static final Pattern NUMBER_ENTITY = Pattern.compile("&#(x?)([0-9A-Fa-f]{1,6});");

    private Prose() {}

    /// Paragraphs of one comment that are sentences.
    public static List<String> paragraphs(String comment) {
        String text = STAR.matcher(comment).replaceAll("");
        text = BLOCK_TAGS.matcher(text).replaceFirst("");
        text = EXAMPLES.matcher(text).replaceAll("\n\n");
        text = LINK.matcher(text).replaceAll(Prose::linkText);
        text = INLINE.matcher(text).replaceAll(match -> Matcher.quoteReplacement(match.group(1)));
        text = OTHER_INLINE.matcher(text).replaceAll("");
        text = BREAKS.matcher(text).replaceAll("\n\n");
        text = entities(TAGS.matcher(text).replaceAll(""));
        List<String> paragraphs = new ArrayList<>();
        for (String paragraph : text.split("\\n[ \\t]*\\n", -1)) {
            String line = paragraph.replaceAll("\\s+", " ").strip();
            if (sentences(line)) {
                paragraphs.add(line);
            }
        }
        return paragraphs;
    }

    private static String linkText(java.util.regex.MatchResult match) {
        String label = match.group(2);
        String text =
                label == null || label.isBlank()
                        ? match.group(1).replaceFirst("^#", "").replace('#', '.')
                        : label.strip();
        return Matcher.quoteReplacement(text);
    }

    private static String entities(String text) {
        String numbers =
                NUMBER_ENTITY
                        .matcher(text)
                        .replaceAll(
                                match -> {
                                    int radix = match.group(1).isEmpty() ? 10 : 16;
                                    int point = Integer.parseInt(match.group(2), radix);
                                    return Matcher.quoteReplacement(
                                            Character.isValidCodePoint(point)
                                                    ? Character.toString(point)
                                                    : "");
                                });
        return numbers.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&nbsp;", " ")
                .replace("&mdash;", "-")
                .replace("&ndash;", "-")
                .replace("&amp;", "&");
    }

    /// At least five words, a letter first, an end of a sentence last, and mostly letters.
    private static boolean sentences(String line) {
        if (line.isEmpty() || !Character.isLetter(line.charAt(0))) {
            return false;
        }
        char last = line.charAt(line.length() - 1);
        long letters = line.chars().filter(c -> Character.isLetter(c) || c == ' ').count();
        return ".?!:".indexOf(last) >= 0
                && line.chars().filter(c -> c == ' ').count() >= 4
                && letters > 0.85 * line.length();
    }
}
