package dev.tanren.deploy.corpus.internal;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Joins paragraphs into documents of reasonable length; a paragraph that occurred before in any
/// class is left out, because documentation is copied a lot.
public final class ProseDocuments {

    private static final int FULL_CHARACTERS = 3_000;
    private static final int LEAST_CHARACTERS = 200;

    private final Set<String> seen = new HashSet<>();

    /// Documents of one class, from its comments in order.
    public List<String> of(List<String> comments) {
        List<String> documents = new ArrayList<>();
        StringBuilder document = new StringBuilder();
        for (String comment : comments) {
            for (String paragraph : Prose.paragraphs(comment)) {
                if (!seen.add(paragraph)) {
                    continue;
                }
                if (document.length() > FULL_CHARACTERS) {
                    documents.add(document.toString());
                    document.setLength(0);
                }
                document.append(document.isEmpty() ? "" : "\n\n").append(paragraph);
            }
        }
        if (document.length() >= LEAST_CHARACTERS) {
            documents.add(document.toString());
        }
        return documents;
    }
}
