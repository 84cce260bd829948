package dev.tanren.plan.model;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A model of the Hugging Face Hub at a revision: `hf://org/name@revision`.
///
/// @param revision branch, tag or commit; a `/` may be in it, as in `refs/pr/1`
public record HubReference(String organisation, String name, String revision) {

    /// How one is written.
    public static final String FORM = "hf://org/name@revision";

    private static final Pattern SCHEME = Pattern.compile("hf:.*");

    /// The Hub's own rule for names, which leaves nothing in them that means something in a URL.
    private static final Pattern URI =
            Pattern.compile(
                    "hf://(?<organisation>\\w[\\w.-]{0,95})/(?<name>\\w[\\w.-]{0,95})"
                            + "@(?<revision>\\w[\\w./-]{0,199})");

    /// Whether the scheme is the Hub's, whatever follows it.
    public static boolean names(String uri) {
        return SCHEME.matcher(uri).matches();
    }

    /// @return empty for other schemes, and for what is not of the [#FORM]
    public static Optional<HubReference> parse(String uri) {
        Matcher parts = URI.matcher(uri);
        if (!parts.matches() || uri.contains("..") || uri.endsWith("/")) {
            return Optional.empty();
        }
        return Optional.of(
                new HubReference(
                        parts.group("organisation"), parts.group("name"), parts.group("revision")));
    }

    /// `org/name`.
    public String repository() {
        return organisation + "/" + name;
    }

    @Override
    public String toString() {
        return "hf://" + repository() + "@" + revision;
    }
}
