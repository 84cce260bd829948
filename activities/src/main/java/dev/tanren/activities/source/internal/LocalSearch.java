package dev.tanren.activities.source.internal;

import dev.tanren.spec.error.ErrorCode;
import dev.tanren.spec.error.TanrenException;
import dev.tanren.spec.plan.Glob;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/// Walks a folder of this machine.
public final class LocalSearch {

    private LocalSearch() {}

    /// Files below a folder that match, in no order. What begins with a dot is passed over, as are
    /// links to folders.
    ///
    /// @param where what errors call the folder
    /// @throws TanrenException `SOURCE_UNREADABLE`
    public static List<Path> below(Path folder, Glob glob, String where) {
        List<Path> found = new ArrayList<>();
        try {
            Files.walkFileTree(folder, visitor(folder, glob, found));
        } catch (IOException e) {
            throw new TanrenException(
                    ErrorCode.SOURCE_UNREADABLE,
                    "the folder cannot be read: " + e,
                    where,
                    "Let the worker's user read it.",
                    e);
        }
        return found;
    }

    private static SimpleFileVisitor<Path> visitor(Path folder, Glob glob, List<Path> found) {
        return new SimpleFileVisitor<>() {
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
                    found.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        };
    }

    private static boolean hidden(Path path) {
        Path name = path.getFileName();
        return name != null && name.toString().startsWith(".");
    }
}
