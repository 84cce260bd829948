package dev.tanren.cli;

import dev.tanren.plan.Dataset;
import dev.tanren.plan.Glob;
import dev.tanren.plan.Plan;
import dev.tanren.plan.planner.DataUse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What can be known of a plan's data before a run reads it: how many tokens the files of this
/// machine hold, or hold at most.
///
/// Ready tokens are counted by their bytes. A text has at most as many tokens as bytes, and one for
/// its end; a packed one may have more, and nothing is known of it.
final class LocalData {

    private static final String SCHEME = "file:";
    private static final List<String> PACKED = List.of(".gz", ".gzip", ".zst", ".zstd");

    /// Of gzip, of zstd, and of a part that zstd passes over, in hexadecimal.
    private static final Pattern PACKED_MAGIC = Pattern.compile("1f8b|28b52ffd|5.2a4d18");

    private final Path planFile;

    LocalData(Path planFile) {
        this.planFile = planFile;
    }

    /// How often phases go through the datasets of which something is known: exactly of ready
    /// tokens, at least of text.
    List<DataUse> uses(Plan plan) {
        List<DataUse> uses = new ArrayList<>();
        plan.datasets()
                .forEach(
                        (name, dataset) -> {
                            boolean ready =
                                    dataset.sources().stream().allMatch(LocalData::readyTokens);
                            long tokens = mostTokens(dataset).orElse(0);
                            long trained =
                                    ready ? tokens - (long) (tokens * dataset.holdout()) : tokens;
                            DataUse.of(plan, name, tier -> trained).stream()
                                    .map(use -> ready ? use : use.atLeast())
                                    .forEach(uses::add);
                        });
        return uses;
    }

    private OptionalLong mostTokens(Dataset dataset) {
        long tokens = 0;
        for (Dataset.Source source : dataset.sources()) {
            OptionalLong known = mostTokens(source);
            if (known.isEmpty()) {
                return known;
            }
            tokens += known.getAsLong();
        }
        return OptionalLong.of(tokens);
    }

    private OptionalLong mostTokens(Dataset.Source source) {
        long tokens = 0;
        try {
            for (Path file : files(source)) {
                if (!readyTokens(source) && packed(file)) {
                    return OptionalLong.empty();
                }
                tokens += tokens(source.format(), Files.size(file));
            }
        } catch (IOException | UncheckedIOException | InvalidPathException e) {
            return OptionalLong.empty();
        }
        return tokens == 0 ? OptionalLong.empty() : OptionalLong.of(tokens);
    }

    private static long tokens(Dataset.Format format, long bytes) {
        return switch (format) {
            case TOKENS_U16 -> bytes / 2;
            case TOKENS_U32 -> bytes / 4;
            case AUTO, TEXT, JSONL -> bytes + 1;
        };
    }

    private static boolean readyTokens(Dataset.Source source) {
        return switch (source.format()) {
            case TOKENS_U16, TOKENS_U32 -> true;
            case AUTO, TEXT, JSONL -> false;
        };
    }

    /// By its name or by its first bytes, as the worker looks at it.
    private static boolean packed(Path file) throws IOException {
        String name = file.toString().toLowerCase(Locale.ROOT);
        if (PACKED.stream().anyMatch(name::endsWith)) {
            return true;
        }
        try (InputStream content = Files.newInputStream(file)) {
            String first = HexFormat.of().formatHex(content.readNBytes(4));
            return PACKED_MAGIC.matcher(first).lookingAt();
        }
    }

    /// As the worker does, it passes over what is hidden.
    private static boolean hidden(Path below) {
        for (Path name : below) {
            if (name.toString().startsWith(".")) {
                return true;
            }
        }
        return false;
    }

    private List<Path> files(Dataset.Source source) throws IOException {
        if (!source.uri().startsWith(SCHEME)) {
            return List.of();
        }
        String path = source.uri().substring(SCHEME.length());
        Path found = planFile.resolveSibling(path.startsWith("//") ? path.substring(2) : path);
        if (!Files.isDirectory(found)) {
            return Files.isRegularFile(found) ? List.of(found) : List.of();
        }
        Glob glob = new Glob(Objects.requireNonNullElse(source.include(), "**/*"));
        try (Stream<Path> below = Files.walk(found)) {
            return below.filter(Files::isRegularFile)
                    .filter(file -> !hidden(found.relativize(file)))
                    .filter(file -> glob.matches(found.relativize(file)))
                    .toList();
        }
    }
}
