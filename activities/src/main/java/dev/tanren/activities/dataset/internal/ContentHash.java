package dev.tanren.activities.dataset.internal;

import dev.tanren.plan.Dataset;
import dev.tanren.storage.objects.Sha256;
import java.util.List;
import java.util.OptionalInt;

/// The hash of everything that decides a prepared dataset's bytes: source bytes, tokenizer,
/// settings, and the version of the preparation itself.
public final class ContentHash {

    /// Raised whenever the same input would give other shards.
    private static final int VERSION = 2;

    private ContentHash() {}

    /// @param endOfDocument id of the token at each document's end; empty where there is none
    /// @param tokenizerSha256 empty for ready tokens, whose order counts; documents are put in
    ///     order by their content, so theirs does not unless the plan wants the sources' order
    public static String of(
            Dataset dataset,
            List<SourceFile> files,
            String tokenizerSha256,
            OptionalInt endOfDocument) {
        StringBuilder lines = new StringBuilder();
        lines.append("tanren dataset ").append(VERSION).append('\n');
        lines.append("holdout ").append(dataset.holdout()).append('\n');
        lines.append("scorer ").append(dataset.quality().scorer()).append('\n');
        lines.append("tiers ").append(dataset.quality().tiers()).append('\n');
        lines.append("tokenizer ").append(tokenizerSha256).append('\n');
        if (!tokenizerSha256.isEmpty()) {
            lines.append("special tokens ").append(dataset.specialTokens()).append('\n');
            lines.append("end ").append(endOfDocument).append('\n');
        }
        boolean sequential = dataset.order() == Dataset.Order.SEQUENTIAL;
        lines.append("order ").append(sequential ? "sources" : "content").append('\n');
        var sources = files.stream().map(ContentHash::line);
        (tokenizerSha256.isEmpty() || sequential ? sources : sources.sorted())
                .forEach(lines::append);
        return Sha256.of(lines.toString());
    }

    private static String line(SourceFile file) {
        String field = file.format() == Dataset.Format.JSONL ? " " + file.textField() : "";
        return file.format() + field + " " + file.sha256() + "\n";
    }
}
