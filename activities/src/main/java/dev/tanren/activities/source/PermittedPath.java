package dev.tanren.activities.source;

import dev.tanren.activities.source.internal.SteadyStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;

/// A file or folder that [FileRoots] found to be permitted, and that is opened as what it was then.
///
/// Between the look and the opening, whoever may write to the folders on the way can put a link in
/// place of any of them. So it is opened name by name from its root, each in the folder that was
/// opened before it, and no name is followed that is a link by now. The root itself, and what is
/// above it, is the word of whoever named it.
///
/// @param root that permits it
/// @param path real: no name of it below the root was a link
public record PermittedPath(Path root, Path path) {

    public PermittedPath {
        if (!path.startsWith(root)) {
            throw new IllegalArgumentException(path + " is not below " + root);
        }
    }

    /// Opens the file for reading.
    ///
    /// What is there when it is looked at must be a file; a pipe is refused. Java has no way to
    /// open without waiting, though: where whoever may write to the folder puts a pipe in the
    /// file's place between the look and the opening, the thread waits until somebody writes to
    /// the pipe.
    ///
    /// @throws IOException also where it, or a folder on the way, is a link by now, and where it is
    ///     no file
    public FileChannel open() throws IOException {
        return inItsFolder(
                (folder, name) -> {
                    if (!attributes(folder, name).isRegularFile()) {
                        throw new FileSystemException(path.toString(), null, "it is no file");
                    }
                    return (FileChannel)
                            folder.newByteChannel(
                                    name,
                                    Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
                });
    }

    /// The file's bytes. An interrupt of the thread does not end the reading.
    ///
    /// @throws IOException as [#open]
    public InputStream stream() throws IOException {
        return new SteadyStream(this::open);
    }

    /// @throws IOException also where it, or a folder on the way, is a link by now
    public BasicFileAttributes attributes() throws IOException {
        return inItsFolder(PermittedPath::attributes);
    }

    /// Opens the folder.
    ///
    /// @throws IOException also where it, or a folder on the way, is a link by now, and where it is
    ///     no folder
    public SecureDirectoryStream<Path> openFolder() throws IOException {
        return path.equals(root) ? opened(root) : inItsFolder(PermittedPath::enter);
    }

    /// Opens a folder in a folder that is open.
    ///
    /// @throws IOException also where it is a link
    public static SecureDirectoryStream<Path> enter(SecureDirectoryStream<Path> in, Path name)
            throws IOException {
        attributes(in, name);
        return in.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS);
    }

    /// What does something with a name in the folder that it lies in.
    private interface Look<T> {
        T at(SecureDirectoryStream<Path> folder, Path name) throws IOException;
    }

    private <T> T inItsFolder(Look<T> look) throws IOException {
        Path above = path.equals(root) ? root.getParent() : root;
        if (above == null) {
            throw new FileSystemException(path.toString(), null, "it is no file");
        }
        Path below = above.relativize(path);
        SecureDirectoryStream<Path> at = opened(above);
        try {
            for (int i = 0; i < below.getNameCount() - 1; i++) {
                SecureDirectoryStream<Path> next = enter(at, below.getName(i));
                at.close();
                at = next;
            }
            return look.at(at, below.getName(below.getNameCount() - 1));
        } finally {
            at.close();
        }
    }

    /// Of what the name is itself, and never of what a link leads to.
    private static BasicFileAttributes attributes(SecureDirectoryStream<Path> folder, Path name)
            throws IOException {
        BasicFileAttributes attributes =
                folder.getFileAttributeView(
                                name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                        .readAttributes();
        if (attributes.isSymbolicLink()) {
            throw new FileSystemException(
                    name.toString(), null, "it became a link after it was looked at");
        }
        return attributes;
    }

    // Whoever it is opened for closes it.
    @SuppressWarnings("StreamResourceLeak")
    private static SecureDirectoryStream<Path> opened(Path folder) throws IOException {
        DirectoryStream<Path> stream = Files.newDirectoryStream(folder);
        if (stream instanceof SecureDirectoryStream<Path> secure) {
            return secure;
        }
        stream.close();
        throw new FileSystemException(
                folder.toString(), null, "its file system cannot open files without links");
    }
}
