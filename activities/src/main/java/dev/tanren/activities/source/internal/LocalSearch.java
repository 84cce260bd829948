package dev.tanren.activities.source.internal;

import dev.tanren.activities.source.PermittedPath;
import dev.tanren.plan.Glob;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/// Walks a folder of this machine, never through a link.
public final class LocalSearch {

    private final PermittedPath folder;
    private final Glob glob;
    private final List<Path> found = new ArrayList<>();

    private LocalSearch(PermittedPath folder, Glob glob) {
        this.folder = folder;
        this.glob = glob;
    }

    /// Files below a folder that match, in no order, links to files among them. What begins with a
    /// dot is passed over, as are links to folders.
    ///
    /// @param where what errors call the folder
    /// @throws TanrenException `SOURCE_UNREADABLE`, also where the folder became a link
    public static List<Path> below(PermittedPath folder, Glob glob, String where) {
        LocalSearch search = new LocalSearch(folder, glob);
        try (SecureDirectoryStream<Path> opened = folder.openFolder()) {
            search.walk(opened, Path.of(""));
        } catch (DirectoryIteratorException | IOException e) {
            throw unreadable(e, where);
        }
        return search.found;
    }

    /// Names of what is right in a folder, in order; none where it cannot be read.
    public static List<String> names(PermittedPath folder) {
        List<String> names = new ArrayList<>();
        try (SecureDirectoryStream<Path> opened = folder.openFolder()) {
            opened.forEach(entry -> names.add(name(entry).toString()));
        } catch (DirectoryIteratorException | IOException e) {
            return List.of();
        }
        return names.stream().sorted().toList();
    }

    /// @param below path of the opened folder below the first one
    private void walk(SecureDirectoryStream<Path> opened, Path below) throws IOException {
        for (Path entry : opened) {
            Path name = name(entry);
            Path path = below.resolve(name);
            if (name.toString().startsWith(".")) {
                continue;
            }
            BasicFileAttributes attributes =
                    opened.getFileAttributeView(
                                    name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                            .readAttributes();
            if (attributes.isDirectory()) {
                try (SecureDirectoryStream<Path> next = PermittedPath.enter(opened, name)) {
                    walk(next, path);
                }
            } else if (isFile(attributes, path) && glob.matches(path)) {
                found.add(folder.path().resolve(path));
            }
        }
    }

    private static Path name(Path entry) {
        return entry.getName(entry.getNameCount() - 1);
    }

    /// Where a link leads is looked at again before anything there is read.
    private boolean isFile(BasicFileAttributes attributes, Path path) {
        return attributes.isRegularFile()
                || (attributes.isSymbolicLink()
                        && Files.isRegularFile(folder.path().resolve(path)));
    }

    private static TanrenException unreadable(Exception e, String where) {
        return new TanrenException(
                ErrorCode.SOURCE_UNREADABLE,
                "the folder cannot be read: " + e,
                where,
                "Let the worker's user read it.",
                e);
    }
}
