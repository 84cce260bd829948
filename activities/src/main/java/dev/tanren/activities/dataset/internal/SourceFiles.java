package dev.tanren.activities.dataset.internal;

import dev.tanren.activities.dataset.FileRoots;
import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.Dataset;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.PatternSyntaxException;

/// Finds the files of a dataset's sources, in the order of the sources and of their paths.
///
/// What begins with a dot is passed over, as are links to folders.
public final class SourceFiles {

    private final FileRoots roots;

    public SourceFiles(FileRoots roots) {
        this.roots = roots;
    }

    /// Files with empty hashes.
    ///
    /// @throws TanrenException `SOURCE_MISSING`, `SOURCE_EMPTY` where nothing matches,
    ///     `SOURCE_UNREADABLE`
    public List<SourceFile> find(List<Dataset.Source> sources) {
        List<SourceFile> files = new ArrayList<>();
        for (Dataset.Source source : sources) {
            files.addAll(find(source));
        }
        return files;
    }

    private List<SourceFile> find(Dataset.Source source) {
        Path path = roots.resolve(source.uri());
        if (Files.isRegularFile(path)) {
            return List.of(file(source, path));
        }
        List<Path> matches;
        try {
            matches = matches(source, path);
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "the folder cannot be read: " + e,
                    source.uri(),
                    "Let the worker's user read it.",
                    e);
        }
        if (matches.isEmpty()) {
            throw new TanrenException(
                    ErrorCode.SOURCE_EMPTY,
                    source.include() == null
                            ? "no file is in the folder"
                            : "no file below the folder matches '" + source.include() + "'",
                    path.toString(),
                    "Mend the path or the pattern; '**/' stands for any number of folders.");
        }
        return matches.stream().map(match -> file(source, match)).toList();
    }

    private List<Path> matches(Dataset.Source source, Path folder) throws IOException {
        Glob glob = glob(source);
        List<Path> found = new ArrayList<>();
        Files.walkFileTree(
                folder,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attrs) {
                        return hidden(dir) && !dir.equals(folder)
                                ? FileVisitResult.SKIP_SUBTREE
                                : FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attrs) {
                        if (!hidden(file)
                                && Files.isRegularFile(file)
                                && glob.matches(folder.relativize(file))) {
                            found.add(roots.permitted(file, file.toString()));
                        }
                        return FileVisitResult.CONTINUE;
                    }
                });
        found.sort(Comparator.comparing(Path::toString));
        return found;
    }

    private static Glob glob(Dataset.Source source) {
        String pattern = source.include() == null ? "**/*" : source.include();
        try {
            return new Glob(pattern);
        } catch (PatternSyntaxException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_EMPTY,
                    "'" + pattern + "' is no pattern: " + e.getDescription(),
                    source.uri(),
                    "Write a pattern such as '**/*.java'.",
                    e);
        }
    }

    private static boolean hidden(Path path) {
        Path name = path.getFileName();
        return name != null && name.toString().startsWith(".");
    }

    private static SourceFile file(Dataset.Source source, Path path) {
        try {
            return new SourceFile(
                    path, format(source, path), source.textField(), Files.size(path), "");
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "the file cannot be read: " + e,
                    path.toString(),
                    "Let the worker's user read it.",
                    e);
        }
    }

    private static Dataset.Format format(Dataset.Source source, Path path) {
        if (source.format() != Dataset.Format.AUTO) {
            return source.format();
        }
        String name = path.toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".jsonl") || name.endsWith(".jsonl.gz") || name.endsWith(".jsonl.zst")
                ? Dataset.Format.JSONL
                : Dataset.Format.TEXT;
    }
}
